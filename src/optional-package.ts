import { createRequire } from 'node:module'
import { join } from 'node:path'
import packages from '#optional-packages'

/**
 * Loads a package only when it is needed, so that the front door pulls in neither a Redis client nor a config loader.
 * Looked for beside this package first, or in the bundle it is part of, then from the application's working directory
 * (strict package managers hide the application's dependencies from us). `undefined`: not installed.
 *
 * @throws whatever the package throws while it is loaded.
 */
export function optionalPackage(name: keyof typeof packages): unknown {
  const { found, error } = packages[name]()
  if (found !== undefined) return found
  const path = pathFromApplication(name)
  if (path) return path.require(path.name)
  if (isMissing(error as NodeJS.ErrnoException, name)) return undefined
  throw error
}

/** The version of an installed package. Not for bundles: its manifest is looked for on the disk. */
export function installedVersion(name: string): string | undefined {
  const path = pathFromApplication(`${name}/package.json`)
  return path && (path.require(path.name) as { readonly version?: string }).version
}

function pathFromApplication(name: string) {
  const require = createRequire(join(process.cwd(), 'package.json'))
  try {
    return { require, name: require.resolve(name) }
  } catch {
    return undefined
  }
}

/** Itself, and nothing it needs. Node and webpack give a code; what other bundlers make of modules has no `require`. */
function isMissing({ code, message }: NodeJS.ErrnoException, name: string): boolean {
  if (code === 'MODULE_NOT_FOUND') return message.includes(`'${name}'`)
  return message === 'require is not defined' || message === `Dynamic require of "${name}" is not supported`
}
