import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

/** The repository, which is what the image is built of. */
export const root = fileURLToPath(new URL('../..', import.meta.url))
export const folder = join(root, 'examples/deploy')
export const textOf = (name: string) => readFileSync(join(folder, name), 'utf8')

export interface Service {
  readonly image?: string
  readonly build?: { readonly context: string; readonly dockerfile: string }
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly stop_grace_period?: string
}
export interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}
export const compose: Compose = parse(textOf('compose.yml'))
export const serviceOf = (name: string): Service => compose.services[name] as Service

export const PASSWORD = 'a password of this run'
export const TOKEN = 'a-token-of-this-run'

/** A folder that stands for the file system of a container. */
export interface Container {
  readonly folder: string
  /** A text that names places in the container, as it is here. */
  here(text: string): string
  path(place: string): string
  write(place: string, text: string): void
  remove(): void
}

export function container(): Container {
  const place = mkdtempSync(join(tmpdir(), 'query-cache-deploy-'))
  const path = (inside: string) => join(place, inside.replaceAll('/', '-'))
  return {
    folder: place,
    path,
    here: (text) => text.replaceAll(/(?<![\w.])\/(run|etc|tmp|data)\/[\w./-]+/g, (inside) => path(inside)),
    write: (inside, text) => writeFileSync(path(inside), text),
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}
