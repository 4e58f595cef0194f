import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { CliError, EXIT } from '../exit-codes.ts'
import { clientModule } from '../init/client-module.ts'
import { configText } from '../init/config-text.ts'
import type { Session } from '../session.ts'
import { schemaFiles, schemaText } from '../surroundings.ts'

export interface InitOptions {
  readonly output: string
  readonly force?: boolean
}

/** Writes a config file for the models of the schema here. */
export async function init({ output, force }: InitOptions, session: Session): Promise<number> {
  const { terminal, given } = session
  const files = schemaFiles(given.schema)
  const schema = schemaText(files)
  if (schema === undefined) {
    throw new CliError(EXIT.usage, 'no Prisma schema was found here', 'Give it with `--schema prisma/schema.prisma`.')
  }
  const path = resolve(output)
  if (existsSync(path) && !force) {
    throw new CliError(EXIT.usage, `${output} exists already`, 'Use `--force` to overwrite it.')
  }
  const text = configText({
    schema,
    prefix: given.prefix ?? `${packageName() ?? 'app'}:`,
    client: clientModule(files, dirname(path)),
  })
  writeFileSync(path, text)
  const shown = relative(process.cwd(), path)
  if (terminal.isJson) terminal.printJson({ file: shown })
  else terminal.print(shown)
  terminal.note('next: give a `ttl` to models that are read often and written seldom, then')
  terminal.note('  const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)')
  terminal.note('  npx prisma-extension-query-cache doctor')
  return EXIT.ok
}

/** Without its scope, and without what a prefix cannot hold. */
function packageName(): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly name?: unknown }
    return typeof name === 'string' ? name.replace(/^@[^/]*\//, '').replace(/[^\w.-]/g, '') || undefined : undefined
  } catch {
    return undefined
  }
}
