import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CliError, EXIT } from './exit-codes.ts'

/** Options of every command. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly config?: string | false
  readonly redis?: string
  readonly prefix?: string
  readonly schema?: string
  /** Not `--env-file`: Node takes that for itself, wherever it stands. */
  readonly env?: string
  readonly url?: string
}

const USUAL = ['prisma/schema.prisma', 'prisma/schema', 'schema.prisma']
const PRISMA_CONFIGS = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'].map((extension) => `prisma.config.${extension}`)

/** The files of the Prisma schema: those that are named, or where Prisma looks for them; none where there are none. */
export function schemaFiles(named: string | undefined, directory = process.cwd()): string[] {
  if (named !== undefined) {
    const files = filesAt(resolve(directory, named))
    if (files.length === 0) throw new CliError(EXIT.usage, `there is no schema at ${named}`, 'Give its file or folder.')
    return files
  }
  for (const path of [configuredSchema(directory), packageSchema(directory), ...USUAL]) {
    const files = path === undefined ? [] : filesAt(resolve(directory, path))
    if (files.length > 0) return files
  }
  return []
}

export function schemaText(files: readonly string[]): string | undefined {
  return files.length === 0 ? undefined : files.map((file) => readFileSync(file, 'utf8')).join('\n')
}

function filesAt(path: string): string[] {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.prisma') && !name.includes('node_modules'))
    .map((name) => join(path, name))
    .sort()
}

/** `schema` in prisma.config.ts, where it is a text; the file is not run, for it may do anything. */
function configuredSchema(directory: string): string | undefined {
  const file = PRISMA_CONFIGS.map((name) => join(directory, name)).find((path) => existsSync(path))
  const text = file === undefined ? '' : readFileSync(file, 'utf8')
  return /^\s*schema\s*:\s*(['"`])([^'"`$]+)\1/m.exec(text)?.[2]
}

/** `prisma.schema` in package.json. */
function packageSchema(directory: string): string | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
      readonly prisma?: { readonly schema?: unknown }
    }
    const path = manifest.prisma?.schema
    return typeof path === 'string' ? path : undefined
  } catch {
    return undefined
  }
}

export function loadEnvFile(path: string | undefined): void {
  if (path === undefined) return
  try {
    process.loadEnvFile(path)
  } catch (error) {
    throw new CliError(EXIT.usage, `${path} cannot be read: ${(error as Error).message.split('\n')[0]}`)
  }
}
