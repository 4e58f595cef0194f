import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

/** What a config file in `directory` imports the type of the client from. */
export function clientModule(schemaFiles: readonly string[], directory: string): string {
  for (const file of schemaFiles) {
    const generator = generatorIn(readFileSync(file, 'utf8'))
    if (!generator) continue
    const { provider, output, extension } = generator
    if (output === undefined) return '@prisma/client'
    const folder = resolve(dirname(file), output)
    // `prisma-client` writes `client.ts`; `prisma-client-js` a package.
    const path = provider === 'prisma-client' ? join(folder, 'client') : join(folder, 'index')
    const from = relative(directory, path).replaceAll('\\', '/')
    return `${from.startsWith('.') ? '' : './'}${from}${extension ?? usualExtension(directory, provider)}`
  }
  return '@prisma/client'
}

interface Generator {
  readonly provider: string
  readonly output: string | undefined
  readonly extension: string | undefined
}

function generatorIn(schema: string): Generator | undefined {
  for (const [, body = ''] of schema.replace(/\/\/.*$/gm, '').matchAll(/^\s*generator\s+\w+\s*\{([^}]*)\}/gm)) {
    const value = (name: string) => new RegExp(`^\\s*${name}\\s*=\\s*"([^"]*)"`, 'm').exec(body)?.[1]
    const provider = value('provider')
    if (provider !== 'prisma-client' && provider !== 'prisma-client-js') continue
    const extension = value('importFileExtension')
    return { provider, output: value('output'), extension: extension && `.${extension}` }
  }
  return undefined
}

/** As the imports of the project are written, by its tsconfig. */
function usualExtension(directory: string, provider: string): string {
  const path = join(directory, 'tsconfig.json')
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (provider === 'prisma-client' && /"allowImportingTsExtensions"\s*:\s*true/.test(text)) return '.ts'
  return /"module(Resolution)?"\s*:\s*"(nodenext|node1[68]|node20)"/i.test(text) ? '.js' : ''
}
