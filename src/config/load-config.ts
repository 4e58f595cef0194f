import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CacheConfigError, lineOf } from '../errors.ts'
import { optionalPackage } from '../optional-package.ts'
import type { CacheConfig } from '../policy/options.ts'
import { validateConfig } from '../policy/validate-options.ts'

const CANDIDATES = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map((extension) => `cache.config.${extension}`)

/**
 * The options of the config file: `path`, or the first of `cache.config.*` in `directory`; `{}` when there is none.
 * Synchronous, as `$extends` is; a config file can therefore not use top-level `await`.
 *
 * @throws CacheConfigError when the file is missing, cannot be loaded, or holds something wrong.
 */
export function loadConfig(path: string | undefined, directory = process.cwd()): CacheConfig {
  const file = findConfig(path, directory)
  if (file === undefined) return {}
  if (!existsSync(file)) {
    throw new CacheConfigError('configFile', `there is no file ${file}`, 'Give the path of a config file, or false.')
  }
  return validateConfig(read(file), file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1))
}

/** Where the config file is, or would be; `undefined`: there is none. */
export function findConfig(path: string | undefined, directory = process.cwd()): string | undefined {
  return path === undefined ? discover(directory) : resolve(directory, path)
}

function discover(directory: string): string | undefined {
  return CANDIDATES.map((name) => resolve(directory, name)).find((file) => existsSync(file))
}

function read(file: string): unknown {
  try {
    if (file.endsWith('.json')) return JSON.parse(readFileSync(file, 'utf8'))
    const { createJiti } = optionalPackage('jiti') as typeof import('jiti')
    // The file must be read as it is now, by this process: neither cache of the loader is wanted.
    const load = createJiti(file, { fsCache: false, moduleCache: false, interopDefault: true })
    const loaded = load(file) as { default?: unknown }
    return loaded.default ?? loaded
  } catch (error) {
    const told = reason(file, error)
    throw new CacheConfigError(
      'configFile',
      `${file} cannot be read: ${told}`,
      'Correct the file, or pass `configFile: false`.',
      { cause: placeOf(error, told) },
    )
  }
}

/** Parsers quote the text they stumble over, and a password may stand in it. */
function reason(file: string, error: unknown): string {
  return file.endsWith('.json') && error instanceof SyntaxError ? 'it is not JSON' : lineOf(error)
}

/** Where it was thrown, and no more: parsers show lines of the file around it, and hang on errors what they were given. */
function placeOf(error: unknown, message: string): Error {
  const frames = (error instanceof Error ? (error.stack ?? '') : '').split('\n').filter((line) => /^\s+at /.test(line))
  return Object.assign(new Error(message), { stack: [`Error: ${message}`, ...frames].join('\n') })
}
