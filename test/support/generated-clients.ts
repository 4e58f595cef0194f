import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Provider } from './provider.ts'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('../..', import.meta.url))
const sources = join(root, 'prisma/test')
const generated = join(root, 'test/.generated')

/** Where `prisma/test` is put together for one provider; the clients lie beside it, in `client-ts` and `client-js`. */
export function schemaFolder(provider: Provider): string {
  return join(generated, provider, 'schema')
}

/**
 * Both generators' clients for a provider, made again only when their input changed. Answers whether it made them.
 *
 * They are made aside and moved into place, so that test runs side by side never see half a client.
 */
export async function generateClients(provider: Provider): Promise<boolean> {
  const files = ['models.prisma', 'doings.prisma', `${provider}.prisma`]
  const stamp = createHash('sha256')
  stamp.update(require('prisma/package.json').version)
  for (const file of files) stamp.update(`\n${file}\n`).update(readFileSync(join(sources, file)))
  const digest = stamp.digest('hex')

  const home = join(generated, provider)
  const stampFile = join(home, 'stamp')
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === digest) return false

  const aside = join(generated, `${provider}-${process.pid}`)
  mkdirSync(join(aside, 'schema'), { recursive: true })
  try {
    for (const file of files) copyFileSync(join(sources, file), join(aside, 'schema', file))
    await prismaGenerate(aside)
    writeFileSync(join(aside, 'stamp'), digest)
    rmSync(home, { recursive: true, force: true })
    renameSync(aside, home)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  return true
}

/** A client of models that only one test has, for PostgreSQL, made once for each text. */
export async function generateOwnClient(models: string): Promise<{ PrismaClient: new (options: object) => object }> {
  const home = join(generated, `own-${createHash('sha256').update(models).digest('hex').slice(0, 16)}`)
  if (!existsSync(join(home, 'client'))) {
    const aside = `${home}-${process.pid}`
    mkdirSync(join(aside, 'schema'), { recursive: true })
    const head = 'generator js {\n  provider = "prisma-client-js"\n  output = "../client"\n}\n'
    const source = 'datasource db {\n  provider = "postgresql"\n}\n'
    writeFileSync(join(aside, 'schema', 'models.prisma'), `${head}${source}${models}`)
    await prismaGenerate(aside)
    rmSync(home, { recursive: true, force: true })
    renameSync(aside, home)
  }
  return require(join(home, 'client', 'index.js'))
}

async function prismaGenerate(folder: string): Promise<void> {
  // `prisma generate` wants a schema engine before it starts and never runs it; without an empty file to point at, it
  // would download one.
  const engine = join(folder, 'no-schema-engine')
  writeFileSync(engine, '')
  try {
    await promisify(execFile)(
      process.execPath,
      [require.resolve('prisma/build/index.js'), 'generate', '--schema', join(folder, 'schema'), '--no-hints'],
      { cwd: root, env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, CHECKPOINT_DISABLE: '1' } },
    )
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`prisma generate failed for ${folder}\n${stdout}${stderr}`, { cause: error })
  } finally {
    rmSync(engine)
  }
}
