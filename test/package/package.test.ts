import { type ExecFileException, execFile } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis-server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const name: string = manifest.name

/** An application that has installed the tarball, `@prisma/client` and what the package declares; no optional peer. */
let app: string
let installed: string
let tarball: string

beforeAll(async () => {
  if (!existsSync(join(root, 'dist'))) throw new Error('there is no dist: `npm run build` comes first')
  app = mkdtempSync(join(tmpdir(), 'query-cache-package-'))
  installed = join(app, 'node_modules', name)
  mkdirSync(installed, { recursive: true })
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', app], root)
  tarball = join(app, JSON.parse(stdout)[0].filename)
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'])
  for (const dependency of [...Object.keys(manifest.dependencies), ...requiredPeers(), '@types/node']) {
    const link = join(app, 'node_modules', dependency)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, 'node_modules', dependency), link)
  }
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true }))
})

afterAll(() => rmSync(app, { recursive: true, force: true }))

const DOCUMENTS = ['README.md', 'LICENSE', 'CHANGELOG.md', 'docs', 'llms.txt']

describe('the tarball', () => {
  it('is of the sources as they are now', () => {
    const newest = Math.max(...files(join(root, 'src')).map((file) => mtime(file)))
    const built = Math.min(...files(join(root, 'dist')).map((file) => mtime(file)))
    expect(built, 'dist is older than src: `npm run build`').toBeGreaterThanOrEqual(newest)
  })

  it('holds the build and the documents, nothing else', () => {
    const unexpected = readdirSync(installed).filter(
      (file) => ![...DOCUMENTS, 'dist', 'monitoring', 'src', 'package.json'].includes(file),
    )
    expect(unexpected).toEqual([])
    expect(readdirSync(join(installed, 'src'))).toEqual(['optional-packages.cjs'])
    expect(files(join(installed, 'dist')).filter((file) => !/\.(mjs|cjs|d\.mts|d\.cts)$/.test(file))).toEqual([])
  })

  it('holds every file that the manifest points at', () => {
    const targets = [
      ...leaves(manifest.exports),
      ...leaves(manifest.bin ?? {}),
      manifest.main,
      manifest.module,
      manifest.types,
    ]
    expect(targets.filter((target) => !existsSync(join(installed, target)))).toEqual([])
  })

  it('holds the pages that the README, the command line and `llms.txt` name', () => {
    const named = ['README.md', 'llms.txt'].flatMap((file) =>
      [...readFileSync(join(installed, file), 'utf8').matchAll(/\]\((docs\/[^)#]+|CHANGELOG\.md)/g)].map(
        ([, path]) => path,
      ),
    )
    expect(named.length).toBeGreaterThan(20)
    expect([...named, 'docs/cli.md'].filter((path) => !existsSync(join(installed, path as string)))).toEqual([])
  })

  it('passes publint, strictly', async () => {
    const { messages, pkg } = await publint({ pkgDir: installed, strict: true, pack: false })
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
  })

  it('has types that resolve from modules, from CommonJS and through a bundler', async () => {
    await run(join(root, 'node_modules/.bin/attw'), [tarball, '--profile', 'node16', '--no-color', '--no-emoji'])
  })
})

describe('in plain Node', () => {
  const print = 'console.log(JSON.stringify(Object.keys(it).filter((name) => name !== "default").sort()))'
  const namesFrom = async (file: string, text: string): Promise<string[]> => {
    writeFileSync(join(app, file), text)
    return JSON.parse((await run(process.execPath, [file], app)).stdout)
  }

  it('loads as a module and as CommonJS, with the same names', async () => {
    const fromModule = await namesFrom('load.mjs', `import * as it from '${name}'\n${print}`)
    const fromCommonJs = await namesFrom('load.cjs', `const it = require('${name}')\n${print}`)
    expect(fromModule).toEqual(fromCommonJs)
    expect(fromModule).toEqual(
      expect.arrayContaining(['CacheConfigError', 'cacheExtension', 'defineCacheConfig', 'memoryStore', 'redisStore']),
    )
  })

  it('loads `withAccelerate` as a module and as CommonJS', async () => {
    expect(await namesFrom('accelerate.mjs', `import * as it from '${name}/accelerate'\n${print}`)).toEqual([
      'withAccelerate',
    ])
    expect(await namesFrom('accelerate.cjs', `const it = require('${name}/accelerate')\n${print}`)).toEqual([
      'withAccelerate',
    ])
  })

  it('loads the middlewares of responses as a module and as CommonJS, with the same names', async () => {
    const made = ['expressCache', 'fastifyCache', 'honoCache', 'webCache']
    expect(await namesFrom('http.mjs', `import * as it from '${name}/http'\n${print}`)).toEqual(made)
    expect(await namesFrom('http.cjs', `const it = require('${name}/http')\n${print}`)).toEqual(made)
  })

  it('loads metrics as a module and as CommonJS, with the same names, where their peers are installed', async () => {
    for (const peer of ['prom-client', '@opentelemetry/api']) {
      const link = join(app, 'node_modules', peer)
      mkdirSync(dirname(link), { recursive: true })
      symlinkSync(join(root, 'node_modules', peer), link)
    }
    for (const [path, made] of [
      ['prometheus', 'prometheusMetrics'],
      ['opentelemetry', 'openTelemetryMetrics'],
    ]) {
      const from = `${name}/metrics/${path}`
      expect(await namesFrom('metrics.mjs', `import * as it from '${from}'\n${print}`)).toEqual([made])
      expect(await namesFrom('metrics.cjs', `const it = require('${from}')\n${print}`)).toEqual([made])
    }
    for (const peer of ['prom-client', '@opentelemetry/api']) rmSync(join(app, 'node_modules', peer))
  })

  it('loads the admin API as a module and as CommonJS, with the same names', async () => {
    const fromModule = await namesFrom('admin.mjs', `import * as it from '${name}/admin'\n${print}`)
    const fromCommonJs = await namesFrom('admin.cjs', `const it = require('${name}/admin')\n${print}`)
    expect(fromModule).toEqual(fromCommonJs)
    expect(fromModule).toEqual(['adminHandler', 'bearerToken', 'fastifyPlugin', 'nodeListener'])
  })

  it('has a command line, which runs where it is installed', async () => {
    // By the package's own name first: where it is not installed, `npx` would fetch another name from a stranger.
    expect(Object.keys(manifest.bin)).toEqual([name, 'prisma-query-cache'])
    for (const target of new Set(Object.values(manifest.bin as Record<string, string>))) {
      const { stdout } = await run(join(installed, target), ['--version'])
      expect(stdout.trim()).toBe(manifest.version)
    }
  })

  it('loads no Redis client and no loader of config files until one is wanted', async () => {
    const hook = `import { writeSync } from 'node:fs'
      export function load(url, context, next) { writeSync(1, url + '\\n'); return next(url, context) }`
    const register = `import { register } from 'node:module'
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}))`
    writeFileSync(
      join(app, 'loaded.mjs'),
      `import { createRequire } from 'node:module'
       import '${name}'
       console.log(Object.keys(createRequire(import.meta.url).cache).join('\\n'))`,
    )
    writeFileSync(join(app, 'loaded.cjs'), `require('${name}'); console.log(Object.keys(require.cache).join('\\n'))`)
    const asModule = await run(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(register)}`, 'loaded.mjs'],
      app,
    )
    const asCommonJs = await run(process.execPath, ['loaded.cjs'], app)
    for (const loaded of [asModule.stdout, asCommonJs.stdout]) {
      expect(loaded).toContain(`${name}/dist/`)
      expect(packagesIn(loaded)).not.toEqual(
        expect.arrayContaining([
          expect.stringMatching(/ioredis|jiti|@prisma|commander|cli-progress|prom-client|opentelemetry/),
        ]),
      )
    }
  })
})

describe('in an application', () => {
  /** Reads twice through the packed extension and prints what the cache says of it. */
  const readTwice = (options: string) => `
    const fromRepository = createRequire(${JSON.stringify(join(root, 'package.json'))})
    const { PrismaClient } = fromRepository('./test/.generated/sqlite/client-js/index.js')
    const { PrismaLibSql } = fromRepository('@prisma/adapter-libsql')
    const plain = new PrismaClient({ adapter: new PrismaLibSql({ url: 'file::memory:' }) })
    async function main() {
      const prisma = plain.$extends(cacheExtension${options})
      await prisma.$executeRawUnsafe('CREATE TABLE "Tag" (name TEXT PRIMARY KEY, color TEXT)')
      await prisma.tag.findMany()
      await prisma.tag.findMany()
      console.log(JSON.stringify(prisma.$cache.stats().totals))
      await prisma.$cache.disconnect()
    }
    main().catch((error) => console.log(JSON.stringify({ error: error.name + ': ' + error.message })))`
  const builds = {
    'a module': {
      file: 'use.mjs',
      head: `import { createRequire } from 'node:module'; import { cacheExtension } from '${name}'`,
    },
    CommonJS: {
      file: 'use.cjs',
      head: `const { createRequire } = require('node:module'); const { cacheExtension } = require('${name}')`,
    },
  }
  const runApp = async ({ file, head }: { file: string; head: string }, options: string) => {
    writeFileSync(join(app, file), head + readTwice(options))
    return JSON.parse((await run(process.execPath, [file])).stdout)
  }
  const inEachBuild = it.each(Object.entries(builds))

  it('keeps the caches of both builds in one process from serving what the other has changed', async () => {
    const { head } = builds['a module']
    writeFileSync(
      join(app, 'both.mjs'),
      `${head}
      const require = createRequire(import.meta.url)
      const other = require('${name}').cacheExtension
      const fromRepository = createRequire(${JSON.stringify(join(root, 'package.json'))})
      const { PrismaClient } = fromRepository('./test/.generated/sqlite/client-js/index.js')
      const { PrismaLibSql } = fromRepository('@prisma/adapter-libsql')
      const client = () => new PrismaClient({ adapter: new PrismaLibSql({ url: 'file:both.db' }) })
      const options = { store: 'memory', configFile: false, defaults: { ttl: 60 } }
      const pages = client().$extends(cacheExtension(options))
      const routes = client().$extends(other(options))
      await pages.$executeRawUnsafe('CREATE TABLE "Tag" (name TEXT PRIMARY KEY, color TEXT)')
      const before = [await pages.tag.count(), await routes.tag.count()]
      await routes.tag.create({ data: { name: 'red' } })
      const after = [await pages.tag.count(), await routes.tag.count()]
      console.log(JSON.stringify({ copies: cacheExtension !== other, before, after }))`,
    )
    const { stdout } = await run(process.execPath, ['both.mjs'])
    expect(JSON.parse(stdout)).toEqual({ copies: true, before: [0, 0], after: [1, 1] })
  })

  inEachBuild('finds and reads a TypeScript config file, from %s', async (_, build) => {
    const config = join(app, 'cache.config.ts')
    writeFileSync(
      config,
      `import { defineCacheConfig } from '${name}'
       export default defineCacheConfig({ models: { Tag: { ttl: 60 as number } } })`,
    )
    expect(await runApp(build, '').finally(() => rmSync(config))).toMatchObject({ hit: 1, miss: 1 })
  })

  inEachBuild('says what to install for a Redis URL, from %s', async (_, build) => {
    const { error } = await runApp(build, `({ configFile: false, redis: 'redis://127.0.0.1:1' })`)
    expect(error).toMatch(/CacheConfigError: .*npm install ioredis/)
  })

  inEachBuild('finds the Redis client that the application installed, from %s', async (_, build) => {
    const redis = await startRedis()
    const links = [
      ['ioredis', 'ioredis5'],
      ['ioredis', 'ioredis'],
      ['iovalkey', 'iovalkey'],
      ['redis', 'redis4'],
      ['redis', 'redis'],
    ] as const
    try {
      for (const [client, source] of links) {
        const link = join(app, 'node_modules', client)
        symlinkSync(join(root, 'node_modules', source), link)
        const options = `({ configFile: false, breaker: { quarantineMs: 0 }, redis: '${redis.url}', prefix: '${source}', defaults: { ttl: 60 }, timeoutMs: 5000 })`
        expect(await runApp(build, options).finally(() => rmSync(link)), source).toMatchObject({ hit: 1, miss: 1 })
        await redis.restart()
      }
    } finally {
      await redis.stop()
    }
  })
})

describe('for TypeScript', () => {
  const versions = { '5.4': 'typescript-5.4', '7': 'typescript-7' }
  it.each(Object.entries(versions))('%s, an application without the optional peers compiles', async (_, compiler) => {
    const use = `import { cacheExtension, createCache, defineCacheConfig } from '${name}'
      import { type AccelerateInfo, withAccelerate } from '${name}/accelerate'
      import { adminHandler, bearerToken } from '${name}/admin'
      import { webCache } from '${name}/http'
      export const handler = webCache(createCache({ store: 'memory' }))((request: Request) => new Response(request.url))
      export const admin = adminHandler(createCache({ store: 'memory' }), { authorize: bearerToken('x'.repeat(20)) })
      export const extension = cacheExtension({ configFile: false, defaults: { ttl: 60 } })
      export const accelerated = withAccelerate({ configFile: false, invalidation: 'tags' })
      export const status: AccelerateInfo['cacheStatus'] = 'swr'
      export const config = defineCacheConfig({ defaults: { ttl: 60 } })
      // @ts-expect-error a misspelt option
      cacheExtension({ prefixx: 'a' })\n`
    writeFileSync(join(app, 'use.mts'), use)
    writeFileSync(join(app, 'use.cts'), use)
    const options = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node']
    const tsc = join(root, 'node_modules', compiler, 'bin/tsc')
    await run(process.execPath, [tsc, ...options, '--module', 'nodenext', 'use.mts', 'use.cts'], app)
    await run(
      process.execPath,
      [tsc, ...options, '--module', 'esnext', '--moduleResolution', 'bundler', 'use.mts'],
      app,
    )
  })
})

describe('what it imports', () => {
  it('is what it declares, and the other way round', () => {
    const imported = new Set(
      ['dist', 'src'].flatMap((folder) => files(join(installed, folder)).flatMap(packagesImportedBy)),
    )
    const declared = [...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)]
    expect([...imported].sort()).toEqual(declared.sort())
  })
})

function packagesImportedBy(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  const imported = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName)
  return imported
    .filter((specifier) => !/^[.#]/.test(specifier) && !specifier.startsWith('node:'))
    .map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'))
    .filter((specifier) => !builtinModules.includes(specifier))
}

function packagesIn(paths: string): string[] {
  return [...paths.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].map((match) => match[1] as string)
}

function requiredPeers(): string[] {
  return Object.keys(manifest.peerDependencies).filter((peer) => !manifest.peerDependenciesMeta[peer]?.optional)
}

function leaves(tree: unknown): string[] {
  return typeof tree === 'string' ? [tree] : Object.values(tree as object).flatMap(leaves)
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

function mtime(file: string): number {
  return statSync(file).mtimeMs
}

function run(program: string, args: string[], cwd = app): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, maxBuffer: 1 << 26 }, (error: ExecFileException | null, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }))
      else resolve({ stdout, stderr })
    })
  })
}
