import { dirname } from 'node:path'
import { findConfig, loadConfig } from '../config/load-config.ts'
import { loadModule } from '../config/load-module.ts'
import { lineOf } from '../errors.ts'
import { CliError, EXIT } from './exit-codes.ts'
import type { GlobalOptions } from './surroundings.ts'

/** How a go of a warmer ended, as the extension tells it. */
export interface WarmOutcome {
  readonly name: string
  readonly state: string
  readonly reason?: string
  readonly error?: unknown
  readonly done: number
  readonly total: number
  readonly queried: number
  readonly fresh: number
  readonly ms: number
}

export interface WarmProgress {
  readonly name: string
  readonly state: string
  readonly done: number
  readonly total: number
}

/** The application's own cached client, of which this much is used. */
export interface AppClient {
  readonly $cache: {
    warm(name?: string): Promise<readonly WarmOutcome[]>
    on(type: 'warm', listener: (event: WarmProgress) => void): () => void
    disconnect(): Promise<void>
  }
  $disconnect?(): Promise<void>
}

/** The command is done with it; that it does not end well is no fault of the command. */
export async function endClient(client: AppClient): Promise<void> {
  await client.$cache.disconnect().catch(() => {})
  await client.$disconnect?.().catch(() => {})
}

/** Loads the module that exports the client: the one that is named, else `client` of the config file. */
export async function appClient(named: string | undefined, given: GlobalOptions): Promise<AppClient> {
  const file = given.config === false ? undefined : findConfig(given.config)
  const configured = given.config === false ? undefined : loadConfig(given.config).client
  const path = named ?? configured
  if (path === undefined) {
    throw new CliError(
      EXIT.usage,
      'warmers need the client of the application',
      'Use `--client ./src/db.ts`, or set `client` in cache.config to the module that exports it.',
    )
  }
  let exported: Readonly<Record<string, unknown>>
  try {
    exported = await loadModule(path, named === undefined && file ? dirname(file) : undefined)
  } catch (error) {
    throw new CliError(EXIT.usage, `${path} cannot be loaded: ${lineOf(error)}`)
  }
  const ofDefault = typeof exported['default'] === 'object' ? (exported['default'] as object | null) : null
  const client = [exported['default'], ...Object.values(exported), ...Object.values(ofDefault ?? {})].find(isCached)
  if (client) return client
  throw new CliError(
    EXIT.usage,
    `${path} exports no cached client`,
    'Export the client that `$extends(cacheExtension)` returned.',
  )
}

function isCached(value: unknown): value is AppClient {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return typeof (value as Partial<AppClient>).$cache?.warm === 'function'
}
