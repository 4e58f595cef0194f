import { createRequire } from 'node:module'
import { join } from 'node:path'

/**
 * Loads a package only when it is needed, so that the front door pulls in neither a Redis client nor a config loader.
 * Looked for beside this package first, then from the application's working directory (strict package managers hide
 * the application's dependencies from us). `undefined`: not installed.
 */
export function optionalPackage(name: string): unknown {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    const require = createRequire(from)
    let path: string
    try {
      path = require.resolve(name)
    } catch {
      continue
    }
    return require(path)
  }
  return undefined
}
