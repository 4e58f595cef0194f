import { resolve } from 'node:path'
import { optionalPackage } from '../optional-package.ts'

/** What a module of the application exports, TypeScript or not; `path` is seen from `directory`. Rejects as the module does. */
export async function loadModule(path: string, directory = process.cwd()): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = optionalPackage('jiti') as typeof import('jiti')
  const file = resolve(directory, path)
  return (await createJiti(file).import(file)) as Record<string, unknown>
}
