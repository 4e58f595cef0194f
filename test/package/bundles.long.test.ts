import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeFileTrace } from '@vercel/nft'
import { type BuildOptions, build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis-server.ts'
import { installedApp, run } from './installed-app.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Reads twice and prints what the cache says of it. The client stands outside, as a bundler's `external` does. */
const HANDLER = `
  import { createRequire } from 'node:module'
  import { cacheExtension } from 'prisma-extension-query-cache'
  const warnings = []
  process.on('warning', ({ code }) => warnings.push(code))
  async function main() {
    const external = createRequire(${JSON.stringify(join(root, 'package.json'))})
    const { PrismaClient } = external('./test/.generated/sqlite/client-js/index.js')
    const { PrismaLibSql } = external('@prisma/adapter-libsql')
    const prisma = new PrismaClient({ adapter: new PrismaLibSql({ url: 'file::memory:' }) }).$extends(
      cacheExtension({ timeoutMs: 10_000, breaker: { quarantineMs: 0 }, admission: 'always', catalogue: false }),
    )
    await prisma.$executeRawUnsafe('CREATE TABLE "Tag" (name TEXT PRIMARY KEY, color TEXT)')
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    const { info } = await prisma.$cache.withCacheInfo(prisma.tag.findMany())
    const { store } = await prisma.$cache.health()
    console.log(JSON.stringify({ store, status: info.status, warnings }))
    await prisma.$disconnect()
  }
  main().catch((error) => console.log(JSON.stringify({ error: error.message })))`

const CONFIG = 'export default { models: { Tag: { ttl: 60 as number } } }'

/** What a CommonJS package in a bundle of modules needs, whatever the package. */
const BANNER = { js: "import * as m from 'node:module'; const require = m.createRequire(import.meta.url);" }

let app: string
let redis: Awaited<ReturnType<typeof startRedis>>
const folders: string[] = []
beforeAll(async () => {
  app = await installedApp(['ioredis', '@prisma/client'])
  writeFileSync(join(app, 'handler.mjs'), HANDLER)
  redis = await startRedis()
})
afterAll(async () => {
  await redis?.stop()
  for (const folder of [app, ...folders]) rmSync(folder, { recursive: true, force: true })
})

/** A folder without `node_modules` above it. */
function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'query-cache-deployed-'))
  folders.push(folder)
  return folder
}

const CACHED = { store: 'redis', status: 'hit', warnings: [] }

async function runIn(folder: string, file: string, env: NodeJS.ProcessEnv = {}) {
  const { stdout } = await run(process.execPath, [file], folder, {
    PATH: process.env['PATH'],
    REDIS_URL: redis.url,
    CACHE_PREFIX: `${folder}:`,
    ...env,
  })
  return JSON.parse(stdout)
}

async function bundleTo(file: string, options: BuildOptions) {
  const { errors, warnings } = await build({
    entryPoints: [join(app, 'handler.mjs')],
    outfile: file,
    bundle: true,
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
    ...options,
  })
  return [...errors, ...warnings].map(({ text }) => text)
}

describe('a bundle of one file, by esbuild', () => {
  it('of modules has the Redis client that REDIS_URL needs', async () => {
    const folder = emptyFolder()
    expect(await bundleTo(join(folder, 'handler.mjs'), { format: 'esm', banner: BANNER })).toEqual([])
    const answer = await runIn(folder, 'handler.mjs', { CACHE_DEFAULT_TTL: '60' })
    expect(answer).toEqual(CACHED)
  })

  it('as CommonJS has that too, and the loader of a config file; where there is none, that is said', async () => {
    const folder = emptyFolder()
    expect(await bundleTo(join(folder, 'handler.cjs'), { format: 'cjs' })).toEqual([])
    writeFileSync(join(folder, 'cache.config.ts'), CONFIG)
    expect(await runIn(folder, 'handler.cjs')).toEqual(CACHED)
    const elsewhere = await runIn(emptyFolder(), join(folder, 'handler.cjs'))
    expect(elsewhere).toEqual({
      store: 'redis',
      status: 'bypass',
      warnings: ['PRISMA_QUERY_CACHE_NOTHING_CACHED'],
    })
  })

  it('is made where no Redis client is installed, and says what to do when a URL is given', async () => {
    const folder = emptyFolder()
    const [installed, aside] = [join(app, 'node_modules/ioredis'), join(app, 'ioredis')]
    renameSync(installed, aside)
    await bundleTo(join(folder, 'handler.cjs'), { format: 'cjs' }).finally(() => renameSync(aside, installed))
    const { error } = await runIn(folder, 'handler.cjs')
    expect(error).toContain('npm install ioredis')
  })
})

describe('files found by a tracer, as for Vercel and the standalone output of Next.js', () => {
  it('are all that is needed', async () => {
    const { fileList } = await nodeFileTrace([join(app, 'handler.mjs')], { base: app })
    const folder = emptyFolder()
    for (const file of fileList) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      cpSync(join(app, file), join(folder, file))
    }
    writeFileSync(join(folder, 'cache.config.ts'), CONFIG)
    expect(await runIn(folder, 'handler.mjs')).toEqual(CACHED)
  })
})
