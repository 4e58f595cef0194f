import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type { Provider } from '../../test/support/provider.ts'

/** The client by the names the workload calls: what it may say is in `shop.prisma`, and Prisma itself refuses the rest. */
export interface ShopClient extends Record<ShopModel, Delegate> {
  $transaction<T>(body: (tx: ShopClient) => Promise<T>): Promise<T>
  $transaction(queries: readonly PromiseLike<unknown>[]): Promise<unknown[]>
  $disconnect(): Promise<void>
}

export type ShopModel = 'user' | 'category' | 'product' | 'order' | 'orderItem' | 'review'

export type ReadOperation = 'findUnique' | 'findMany' | 'count' | 'aggregate' | 'groupBy'
type WriteOperation = 'create' | 'createMany' | 'update' | 'updateMany' | 'delete'

type Delegate = { readonly [operation in ReadOperation | WriteOperation]: (args: object) => PromiseLike<unknown> }

/** As Prisma's own, with what `cacheExtension` needs of it. */
export interface ExtensibleClient extends ShopClient {
  $extends(extension: object): unknown
}

const require = createRequire(import.meta.url)
const models = fileURLToPath(new URL('shop.prisma', import.meta.url))
const generated = fileURLToPath(new URL('../.generated', import.meta.url))

/** Where the schema was put together for one provider; the client lies in it. */
export const shopFolder = (provider: Provider) => join(generated, `shop-${provider}`)

export async function openShopClient(provider: Provider, adapter: SqlDriverAdapterFactory): Promise<ExtensibleClient> {
  const entry = pathToFileURL(join(shopFolder(provider), 'client/client.ts')).href
  const { PrismaClient } = (await import(entry)) as { PrismaClient: new (options: object) => ExtensibleClient }
  // Lanes that wait for each other's transactions are the load, not a fault.
  return new PrismaClient({ adapter, transactionOptions: { maxWait: 60_000, timeout: 60_000 } })
}

/** Made again only when the models or Prisma have changed; made aside and moved into place. */
export async function generateShopClient(provider: Provider): Promise<void> {
  const schema = `generator client {
  provider            = "prisma-client"
  output              = "./client"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}

datasource db {
  provider = "${provider}"
}

${modelsFor(provider)}`
  const version: string = require('prisma/package.json').version
  const digest = createHash('sha256').update(`${version}\n${schema}`).digest('hex')
  const home = shopFolder(provider)
  const stamp = join(home, 'stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return

  const aside = `${home}-${process.pid}`
  mkdirSync(aside, { recursive: true })
  try {
    writeFileSync(join(aside, 'schema.prisma'), schema)
    await prismaGenerate(aside)
    writeFileSync(join(aside, 'stamp'), digest)
    rmSync(home, { recursive: true, force: true })
    renameSync(aside, home)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
}

/** A string of MySQL holds 191 characters, unless it says otherwise. */
function modelsFor(provider: Provider): string {
  const text = readFileSync(models, 'utf8')
  return provider === 'mysql' ? text.replace(/^ +(bio|description|body) +String/gm, '$& @db.Text') : text
}

async function prismaGenerate(folder: string): Promise<void> {
  // `prisma generate` wants a schema engine before it starts and never runs it; without an empty file to point at, it
  // would download one.
  const engine = join(folder, 'no-schema-engine')
  writeFileSync(engine, '')
  const program = require.resolve('prisma/build/index.js')
  const env = { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, CHECKPOINT_DISABLE: '1' }
  try {
    await promisify(execFile)(process.execPath, [program, 'generate', '--schema', join(folder, 'schema.prisma')], {
      env,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`prisma generate failed for ${folder}\n${stdout}${stderr}`, { cause: error })
  } finally {
    rmSync(engine)
  }
}
