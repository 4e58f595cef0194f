import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { adminHandler, bearerToken, nodeListener } from '../../src/admin/index.ts'
import { did, useSpec } from '../spec/support.ts'
import { builtCli, runCli } from '../support/built-cli.ts'
import { freePort } from '../support/free-port.ts'
import { useTestBed } from '../support/matrix.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

const schema = fileURLToPath(new URL('../../prisma/test', import.meta.url))
const TOKEN = 'a-token-of-some-length'
let folder: string

beforeAll(() => {
  builtCli()
  folder = mkdtempSync(join(tmpdir(), 'query-cache-cli-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder of an application. */
function app(files: Readonly<Record<string, string>> = {}): string {
  const cwd = mkdtempSync(join(folder, 'app-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(cwd, name, '..'), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  return cwd
}

const shop = `datasource db {\n  provider = "postgresql"\n}
model User {\n  id Int @id\n  email String @unique\n  passwordHash String\n  posts Post[]\n}
model Post {\n  id Int @id\n  title String\n  author User @relation(fields: [authorId], references: [id])\n  authorId Int\n}
model Session {\n  id String @id\n  token String\n}
view Totals {\n  id Int @unique\n}\n`

describe('on what an application has stored', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  const env = () => ({ REDIS_URL: inject('servers').redisUrl })
  let cwd: string

  beforeAll(() => {
    cwd = app({ 'cache.config.json': '{"models":{"User":{"ttl":60}}}' })
  })

  /** A client, and the command line on its cache. */
  async function stored() {
    const world = spec.cached()
    const { prisma, prefix } = world
    await prisma.user.findUnique({ where: { id: 1 }, cache: { key: 'ada' } })
    await prisma.user.findMany({ select: { id: true, balance: true }, orderBy: { id: 'asc' } })
    await prisma.tag.count()
    await prisma.$cache.settled()
    const cli = (...args: string[]) => runCli([...args, '--prefix', prefix, '--schema', schema], { cwd, env: env() })
    return { ...world, cli, json: async (...args: string[]) => JSON.parse((await cli(...args, '--json')).stdout) }
  }

  it('keys are data, one a line; what is said besides is not', async () => {
    const { prisma, cli, json } = await stored()
    const all = (await prisma.$cache.keys()).sort()
    const keys = await cli('keys')
    expect([keys.exitCode, keys.stderr]).toEqual([0, ''])
    expect(keys.stdout.trimEnd().split('\n').sort()).toEqual(all)
    const users = await json('keys', 'User:*')
    expect(users).toEqual({ keys: expect.any(Array), cursor: null })
    expect(users.keys.sort()).toEqual(all.filter((key) => key.includes(':User:')))
    expect((await cli('keys', '--all')).stdout.trimEnd().split('\n')).toHaveLength(3)
  })

  it('an entry is shown with what is known of it, and its value when that is asked for', async () => {
    const { cli, json } = await stored()
    const [plain, value, found, none] = await Promise.all([
      cli('get', 'User:findUnique:@ada'),
      cli('get', 'User:findUnique:@ada', '--value'),
      json('get', 'User:findUnique:@ada', '--value'),
      cli('get', 'User:findUnique:@bob'),
    ])
    expect(plain.stdout).toMatch(/^of +User\.findUnique$/m)
    expect(plain.stdout).toMatch(/^fresh for +\d+ s, unless it was invalidated/m)
    expect(plain.stdout).not.toContain('ada@')
    expect(value.stdout).toContain('"email": "ada@example.test"')
    expect(found).toMatchObject({
      model: 'User',
      bytes: expect.any(Number),
      value: { value: { email: 'ada@example.test' } },
    })
    expect([none.exitCode, none.stdout, none.stderr]).toEqual([1, '', 'there is no entry under this key\n'])
  })

  it('a value that may hold what must not be stored is not shown', async () => {
    const { prefix } = await stored()
    const careful = app({ 'cache.config.json': '{"models":{"User":{"neverCache":["email"]}}}' })
    const args = ['get', 'User:findUnique:@ada', '--value', '--prefix', prefix, '--schema', schema]
    const { stdout, exitCode } = await runCli(args, { cwd: careful, env: env() })
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^value +hidden: it depends on a sensitive model$/m)
    expect(stdout).not.toContain('example.test')
  })

  it('invalidates what is named, and what depends on it', async () => {
    const { prisma, cli, json } = await stored()
    const answer = await cli('invalidate', '--model', 'User', '--yes')
    expect([answer.exitCode, answer.stdout]).toEqual([
      0,
      expect.stringMatching(/^Invalidated \d+ tags\. Entries that depend on them are no longer served; .*\n$/),
    ])
    expect(await did(prisma, prisma.user.findUnique({ where: { id: 1 }, cache: { key: 'ada' } }))).toBe('miss')
    expect(await did(prisma, prisma.tag.count())).toBe('hit')
    expect(await json('invalidate', '--pattern', 'Tag:*', '--key', 'User:findUnique:@ada', '-y')).toEqual({
      tags: 0,
      keys: 2,
    })
    await prisma.tag.count({ cache: { tags: ['a'] } })
    expect((await cli('invalidate', '--tag', 'a', 'b', '--soft', '--grace', '60', '-y')).stdout).toMatch(
      /^Invalidated 2 tags/,
    )
    expect(await did(prisma, prisma.tag.count({ cache: { tags: ['a'] } }))).toBe('stale')
  })

  it('asks before it drops anything, and does nothing where nobody can be asked', async () => {
    const { prisma, cli } = await stored()
    for (const args of [['clear'], ['invalidate', '--model', 'User']]) {
      const refused = await cli(...args)
      expect([refused.exitCode, refused.stdout]).toEqual([2, ''])
      expect(refused.stderr).toContain('Use `--yes`')
    }
    expect(await prisma.$cache.keys()).toHaveLength(3)
    expect((await cli('clear', '--yes')).stdout).toBe('Removed 3 entries\n')
    expect(await prisma.$cache.keys()).toEqual([])
  })

  it('stats shows what lies there and what Redis says of itself', async () => {
    const { cli, json } = await stored()
    const { census, info } = await json('stats')
    expect(census).toEqual({
      entries: 3,
      complete: true,
      models: { User: { findUnique: 1, findMany: 1 }, Tag: { count: 1 } },
    })
    expect(info.servers[0]).toMatchObject({ role: 'master', memory: { usedBytes: expect.any(Number) } })
    const { stdout } = await cli('stats')
    expect(stdout).toMatch(/^User\.findMany +1$/m)
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+ +\d+\.\d+\.\d+ +master/m)
  })

  it('stats goes on where it is told to watch, a line a time where nobody looks', async () => {
    const { prefix } = await stored()
    const args = [builtCli(), 'stats', '--watch', '0.05', '--json', '--prefix', prefix]
    const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env['PATH'], ...env() } })
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      if (out.split('\n').length > 3) child.kill('SIGINT')
    })
    await once(child, 'close')
    const lines = out.trimEnd().split('\n')
    expect(lines.length).toBeGreaterThanOrEqual(3)
    for (const line of lines) expect(JSON.parse(line).census.entries).toBe(3)
  })

  it('a reader that has enough is no fault', async () => {
    const { prefix } = await stored()
    const args = [builtCli(), 'stats', '--watch', '0.01', '--prefix', prefix]
    const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env['PATH'], ...env() } })
    await once(child.stdout, 'data')
    child.stdout.destroy()
    expect(await once(child, 'close')).toEqual([0, null])
  })

  it('colours what a terminal shows, and nothing in a pipe', async () => {
    const { prefix } = await stored()
    const doctor = (more: Record<string, string>) =>
      runCli(['doctor', '--prefix', prefix], { cwd, env: { ...env(), ...more } })
    const [piped, forced, never] = await Promise.all([
      doctor({}),
      doctor({ FORCE_COLOR: '1' }),
      doctor({ FORCE_COLOR: '1', NO_COLOR: '1' }),
    ])
    const isColoured = ({ stdout }: { readonly stdout: string }) => stdout.includes('\u001b[')
    expect([piped, forced, never].map(isColoured)).toEqual([false, true, false])
  })
})

describe('through the admin API of a process', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)
  const undo: (() => void)[] = []
  let world: ReturnType<typeof spec.cached>
  let url: string
  let cwd: string

  beforeEach(async () => {
    cwd = app()
    world = spec.cached()
    const admin = adminHandler(world.prisma.$cache, {
      authorize: bearerToken(TOKEN),
      showValues: true,
      basePath: '/ops',
    })
    const server = createServer(nodeListener(admin)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    undo.push(() => {
      admin.close()
      server.close()
      server.closeAllConnections()
    })
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ops`
    await world.prisma.tag.count({ cache: { key: 'all' } })
    await world.prisma.tag.count({ cache: { key: 'all' } })
    await world.prisma.$cache.settled()
  })
  afterAll(() => {
    for (const one of undo) one()
  })
  const cli = (...args: string[]) => runCli([...args, '--url', url], { cwd, env: { CACHE_ADMIN_TOKEN: TOKEN } })

  it('does the same, also where the store is in memory', async () => {
    const { prisma, prefix } = world
    const [keys, entry, stats] = await Promise.all([
      cli('keys', 'Tag:*', '--json'),
      cli('get', 'Tag:count:@all', '--value'),
      cli('stats', '--json'),
    ])
    expect(JSON.parse(keys.stdout).keys).toEqual([`${prefix}query:Tag:count:@all`])
    expect(entry.stdout).toMatch(/^value +number\n3$/m)
    expect(JSON.parse(stats.stdout)).toMatchObject({ process: { pid: process.pid }, stats: { totals: { hit: 1 } } })
    const shown = await cli('stats')
    expect(shown.stdout).toMatch(/^Tag\.count +1 +0 +1 +0 +1 +0 +0 +50\.0 %$/m)
    expect((await cli('get', 'Tag:count:@none')).exitCode).toBe(1)
    expect((await cli('invalidate', '--model', 'Tag', '--yes')).exitCode).toBe(0)
    expect(await did(prisma, prisma.tag.count({ cache: { key: 'all' } }))).toBe('miss')
    const wrong = await cli('invalidate', '--model', 'Tags', '--yes')
    expect([wrong.exitCode, wrong.stderr]).toEqual([2, expect.stringContaining('no model "Tags"')])
    expect((await cli('clear', '--yes')).stdout).toMatch(/^Removed \d+ entr/)
  })

  it('advises by what the process has learned about its reads', async () => {
    const { prisma } = world
    for (let i = 0; i < 3; i += 1) await prisma.tag.findMany({ where: { color: 'red' } })
    const shown = await cli('advise')
    expect([shown.exitCode, shown.stdout]).toEqual([
      0,
      expect.stringMatching(/^Tag\.findMany where\{color\} +too few reads yet +2 +1 +0 /m),
    ])
    const { forms } = JSON.parse((await cli('advise', '--json')).stdout)
    expect(forms).toContainEqual(expect.objectContaining({ form: 'where{color}', verdict: 'too-few-reads' }))
  })

  it('says why it is not let in, or finds nobody', async () => {
    const without = await runCli(['keys', '--url', url], { cwd })
    expect([without.exitCode, without.stderr]).toEqual([
      3,
      expect.stringMatching(/Not authorized.*\n.*CACHE_ADMIN_TOKEN/),
    ])
    const elsewhere = await runCli(['keys', '--url', `${url}/nowhere`], { cwd, env: { CACHE_ADMIN_TOKEN: TOKEN } })
    expect([elsewhere.exitCode, elsewhere.stderr]).toEqual([3, expect.stringContaining('(404)')])
    const nobody = await runCli(['keys', '--url', `http://127.0.0.1:${await freePort()}`], { cwd })
    expect([nobody.exitCode, nobody.stderr]).toEqual([3, expect.stringContaining('does not answer: ECONNREFUSED')])
    expect((await runCli(['keys', '--url', 'ftp://x'], { cwd })).exitCode).toBe(2)
  })
})

describe.concurrent('what is wrong', () => {
  const problems = (...args: string[]) => runCli(args, { cwd: app() })

  it.each<[string, string[], number, RegExp]>([
    ['an unknown command', ['nonsense'], 2, /unknown command 'nonsense'/],
    ['an unknown option', ['keys', '--everything'], 2, /unknown option '--everything'/],
    ['a number that is none', ['keys', '--limit', 'many'], 2, /Give a whole number/],
    ['a time that is none', ['stats', '--watch', '-1'], 2, /Give seconds/],
    ['a key too few', ['get'], 2, /missing required argument 'key'/],
    [
      'a store where a process is wanted',
      ['advise', '--redis', 'redis://127.0.0.1:1'],
      2,
      /each process knows only[\s\S]*--url/,
    ],
    ['no Redis', ['keys'], 2, /no Redis is configured[\s\S]*REDIS_URL/],
    ['a Redis that is none', ['keys', '--redis', 'localhost'], 2, /`redis`.*redis:\/\//],
    [
      'nothing to invalidate',
      ['invalidate', '--redis', 'redis://127.0.0.1:1', '-y'],
      2,
      /there is nothing to invalidate/,
    ],
    ['a config that is not there', ['keys', '--config', 'none.ts'], 2, /no file .*none\.ts/],
    ['doctor of a process', ['doctor', '--url', 'http://localhost:1'], 2, /takes no `--url`/],
    ['a schema that is not there', ['doctor', '--schema', 'none.prisma'], 1, /no schema at none\.prisma/],
    ['an env file that is not there', ['keys', '--env', '.env.none'], 2, /\.env\.none cannot be read/],
    [
      'a Redis that does not answer',
      ['keys', '--redis', 'redis://:secret@127.0.0.1:1'],
      3,
      /Redis at 127\.0\.0\.1:1.*does not answer/,
    ],
  ])('%s', async (_, args, exitCode, message) => {
    const ran = await problems(...args)
    expect(ran.exitCode, ran.stderr).toBe(exitCode)
    expect(ran.stdout + ran.stderr).toMatch(message)
    if (exitCode !== 1) expect(ran.stdout).toBe('')
    expect(ran.stdout + ran.stderr).not.toMatch(/secret|\n +at /)
  })

  it('help and version are answers, with examples and exit codes', async () => {
    const [help, ofKeys, version] = await Promise.all([
      problems('--help'),
      problems('keys', '--help'),
      problems('--version'),
    ])
    expect([help.exitCode, help.stderr]).toEqual([0, ''])
    expect(help.stdout).toMatch(/Examples:[\s\S]*Exit codes:[\s\S]*0 {2}done/)
    expect(ofKeys.stdout).toContain("$ npx prisma-extension-query-cache keys 'User:findMany:*'")
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('is read from the same config and environment as the extension', async () => {
    const { redisUrl } = inject('servers')
    const cwd = app({
      '.env': `REDIS_URL=${redisUrl}\n`,
      'cache.config.ts': `export default { prefix: 'from-the-file:' as string }`,
      'prisma/schema.prisma': shop,
    })
    const ran = await runCli(['clear', '--env', '.env'], { cwd })
    expect(ran.stderr).toContain('nobody can confirm')
    const unknown = await runCli(['invalidate', '--model', 'Nobody', '-y', '--env', '.env'], { cwd })
    expect([unknown.exitCode, unknown.stderr]).toEqual([2, expect.stringMatching(/no model "Nobody"/)])
    const stats = await runCli(['stats', '--env', '.env'], { cwd })
    expect(stats.stderr).toMatch(/^Redis at 127\.0\.0\.1:\d+, prefix "from-the-file:"$/m)
  })
})

describe('doctor', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis({ args: ['--maxmemory', '50mb', '--maxmemory-policy', 'allkeys-lru'] })
    redis = new Redis(server.url)
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })
  beforeEach(() => redis.flushall())

  interface Finding {
    readonly check: string
    readonly level: string
    readonly found: string
    readonly fix?: string
  }
  const config = { 'cache.config.json': '{"models":{"User":{"ttl":60}},"prefix":"app:"}', 'prisma/schema.prisma': shop }
  async function examined(given: Record<string, string> = config, ...args: string[]) {
    // On a busy machine a round trip takes as long as queries wait by default, and doctor says so.
    const options = { ...JSON.parse(given['cache.config.json'] ?? '{}'), timeoutMs: 60_000 }
    const files = { ...given, 'cache.config.json': JSON.stringify(options) }
    const ran = await runCli(['doctor', '--json', ...args], { cwd: app(files), env: { REDIS_URL: server.url } })
    const { findings, ok } = JSON.parse(ran.stdout) as { findings: Finding[]; ok: boolean }
    return { ran, findings, ok, bad: findings.filter(({ level }) => level === 'error' || level === 'warning') }
  }

  it('finds nothing wrong where nothing is', async () => {
    const { ran, findings, ok, bad } = await examined()
    expect(bad).toEqual([])
    expect([ran.exitCode, ok]).toEqual([0, true])
    expect(findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'config',
        'schema',
        'policies',
        'version',
        'memory',
        'eviction',
        'latency',
        'clock',
        'commands',
        'keys',
      ]),
    )
    const { stdout } = await runCli(['doctor'], { cwd: app(config), env: { REDIS_URL: server.url } })
    expect(stdout).toMatch(/^✓ config +.*cache\.config\.json is sound$/m)
    expect(stdout).toMatch(/^0 errors, 0 warnings$/m)
  })

  it.each<[string, Record<string, string>, string, RegExp]>([
    [
      'a mistake in the config',
      { ...config, 'cache.config.json': '{"model":{}}' },
      'config',
      /`cache\.config\.json\.model`/,
    ],
    [
      'a model that is not there',
      { ...config, 'cache.config.json': '{"models":{"Users":{"ttl":1}}}' },
      'config',
      /no model "Users"/,
    ],
    [
      'a field that is not there',
      { ...config, 'cache.config.json': '{"models":{"User":{"neverCache":["x"]}}}' },
      'config',
      /no field "x"/,
    ],
  ])('tells of %s, as an error', async (_, files, check, message) => {
    const { ran, bad } = await examined(files)
    expect(ran.exitCode).toBe(1)
    expect(bad).toEqual([{ check, level: 'error', found: expect.stringMatching(message), fix: expect.any(String) }])
  })

  it('tells of what runs full, or does not say what goes then', async () => {
    await redis.config('SET', 'maxmemory', '0')
    await redis.config('SET', 'maxmemory-policy', 'noeviction')
    try {
      const { ran, bad } = await examined()
      expect(ran.exitCode).toBe(0)
      expect(bad.map(({ check }) => check)).toEqual(['memory', 'eviction'])
      for (const { fix } of bad) expect(fix).toMatch(/CONFIG SET maxmemory/)
      expect((await examined(config, '--strict')).ran.exitCode).toBe(1)
    } finally {
      await redis.config('SET', 'maxmemory', '50mb')
      await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
    }
  })

  it('finds keys that never expire, and removes those of the cache when it is told to', async () => {
    await redis.mset('app:query:User:count:x', '1', 'app:tag:{User}', '2', 'app:session', '3', 'other', '4')
    await redis.set('app:query:User:count:y', '1', 'EX', 100)
    const first = await examined()
    expect(first.bad.map(({ check }) => check)).toEqual(['keys without TTL', 'prefix'])
    expect(first.bad[0]?.found).toMatch(/^2 keys of the cache never expire/)
    expect(first.bad[1]?.found).toMatch(/^1 keys under it are not the cache's: app:session$/)
    const refused = await runCli(['doctor', '--fix'], { cwd: app(config), env: { REDIS_URL: server.url } })
    expect([refused.exitCode, await redis.exists('app:tag:{User}')]).toEqual([2, 1])
    const fixed = await examined(config, '--fix', '--yes')
    expect(fixed.findings).toContainEqual({ check: 'fixed', level: 'ok', found: '2 keys without TTL were removed' })
    expect((await redis.keys('*')).sort()).toEqual(['app:query:User:count:y', 'app:session', 'other'])
  })

  it('finds other caches whose prefix begins with this one, and no prefix at all', async () => {
    await redis.set('app:eu:query:User:count:x', '1', 'EX', 100)
    const nested = await examined()
    expect(nested.bad).toEqual([
      expect.objectContaining({ check: 'prefix', found: expect.stringContaining('app:eu:') }),
    ])
    const empty = await examined({ ...config, 'cache.config.json': '{"prefix":""}' })
    expect(empty.bad.map(({ found }) => found).join()).toMatch(/the prefix is empty/)
  })

  it('tells of replicas that are waited for and are not there', async () => {
    const { ran, bad } = await examined({ ...config, 'cache.config.json': '{"prefix":"app:","waitReplicas":1}' })
    expect(ran.exitCode).toBe(1)
    expect(bad).toEqual([
      expect.objectContaining({ check: 'replicas', found: expect.stringContaining('`waitReplicas` is 1') }),
    ])
  })

  it('tells of a user who may not do what the cache does', async () => {
    await redis.call('ACL', 'SETUSER', 'poor', 'on', '>pw', '~*', '+@all', '-eval', '-unlink')
    const url = server.url.replace('redis://', 'redis://poor:pw@')
    const ran = await runCli(['doctor', '--json'], { cwd: app(config), env: { REDIS_URL: url } })
    const { findings } = JSON.parse(ran.stdout) as { findings: Finding[] }
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'commands', level: 'error', found: 'not allowed: EVAL, UNLINK' }),
    )
    expect(ran.stdout).not.toContain(':pw')
  })

  it('tells of a Redis that is not there', async () => {
    const ran = await runCli(['doctor', '--json'], {
      cwd: app(config),
      env: { REDIS_URL: 'redis://:geheim@127.0.0.1:1' },
    })
    expect(ran.exitCode).toBe(1)
    const { findings } = JSON.parse(ran.stdout) as { findings: Finding[] }
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'server', level: 'error', fix: expect.stringMatching(/Is .*Redis running/) }),
    )
    expect(ran.stdout).not.toContain('geheim')
  })

  it('looks at what there is where there is no Redis', async () => {
    const ran = await runCli(['doctor'], { cwd: app({}) })
    expect([ran.exitCode, ran.stdout]).toEqual([
      0,
      expect.stringMatching(/no Redis is configured[\s\S]*0 errors, 2 warnings/),
    ])
  })
})

describe('options given in code', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  it('are seen by doctor with `--client`, with what lies in their Redis', async () => {
    const { prisma, prefix } = spec.cached()
    await prisma.tag.count()
    await prisma.$cache.settled()
    const client = fileURLToPath(new URL('./warm-app.ts', import.meta.url))
    const env = { DATABASE: bed.database.url, PREFIX: prefix, REDIS_URL: inject('servers').redisUrl }
    const ran = await runCli(['doctor', '--client', client, '--schema', schema], { cwd: app(), env })
    expect(ran.stdout).toMatch(/✓ config +the options of the client in .*warm-app\.ts are sound/)
    expect(ran.stdout).toContain('every model is cached unless it says otherwise')
    expect(ran.stdout).toMatch(new RegExp(`✓ keys +[1-9]\\d* keys under "${prefix}"`))
  })

  it('are not seen without it, and that is said', async () => {
    const ran = await runCli(['doctor'], { cwd: app() })
    expect(ran.stdout).toMatch(/· config +there is no cache\.config\.\* here.*--client/)
  })
})

describe('warm', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  it('runs warmers with the client of the application, and says how each ended', async () => {
    const { prisma, prefix } = spec.cached({ timeoutMs: 10_000 })
    const client = fileURLToPath(new URL('./warm-app.ts', import.meta.url))
    const cwd = app({ 'cache.config.json': JSON.stringify({ client }) })
    const env = { DATABASE: bed.database.url, PREFIX: prefix, REDIS_URL: inject('servers').redisUrl }
    const warm = (...args: string[]) => runCli(['warm', ...args], { cwd, env })
    const [users, unknown] = await Promise.all([warm('users', '--client', client), warm('nobody')])
    expect([users.exitCode, users.stderr]).toEqual([0, ''])
    expect(users.stdout).toMatch(/^users +end +3 +0 +\S/m)
    expect([unknown.exitCode, unknown.stdout, unknown.stderr]).toEqual([
      2,
      '',
      expect.stringContaining('There are tags, users, broken'),
    ])
    const all = await warm('--all', '--json')
    expect(all.exitCode).toBe(1)
    expect(JSON.parse(all.stdout)).toEqual([
      expect.objectContaining({ name: 'tags', state: 'end', queried: 1 }),
      expect.objectContaining({ name: 'users', state: 'end', queried: 0, fresh: 3 }),
      expect.objectContaining({ name: 'broken', state: 'error', error: 'no such table' }),
    ])
    expect(await prisma.$cache.keys()).toHaveLength(4)
  })
})

describe('warm, without what it needs', () => {
  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['a name', ['warm'], {}, /no warmer was named[\s\S]*--all/],
    ['one of two ways', ['warm', 'a', '--all'], {}, /names and `--all` exclude each other/],
    ['a client', ['warm', '--all'], {}, /--client \.\/src\/db\.ts/],
    ['a module', ['warm', '--all', '--client', './none.ts'], {}, /\.\/none\.ts cannot be loaded/],
    [
      'a module that works',
      ['warm', '--all', '--client', 'a.ts'],
      { 'a.ts': "throw new Error('no database')" },
      /a\.ts cannot be loaded: no database/,
    ],
    [
      'a cached client',
      ['warm', '--all'],
      { 'cache.config.json': '{"client":"./db.ts"}', 'db.ts': 'export const prisma = {}' },
      /\.\/db\.ts exports no cached client/,
    ],
  ])('%s, it does nothing', async (_, args, files, message) => {
    const ran = await runCli(args, { cwd: app(files) })
    expect([ran.exitCode, ran.stdout, ran.stderr]).toEqual([2, '', expect.stringMatching(message)])
  })
})

describe('init', () => {
  it('writes a config with a line for each model, which the extension accepts', async () => {
    const cwd = app({ 'prisma/schema.prisma': shop, 'package.json': '{"name":"@acme/web shop"}' })
    const ran = await runCli(['init'], { cwd })
    expect([ran.exitCode, ran.stdout]).toEqual([0, 'cache.config.ts\n'])
    const text = readFileSync(join(cwd, 'cache.config.ts'), 'utf8')
    expect(text).toContain("import type { PrismaClient } from '@prisma/client'")
    expect(text).toContain("prefix: 'webshop:'")
    expect(text).toContain("\n    User: { neverCache: ['passwordHash'] }, // and ttl: 'medium'\n")
    expect(text).toContain("\n    // Post: { ttl: 'medium' },\n")
    expect(text).toMatch(/Session: false,/)
    expect(text).toMatch(/\/\/ Totals: .*dependsOn/)
    mkdirSync(join(cwd, 'node_modules'))
    const { symlinkSync } = await import('node:fs')
    symlinkSync(
      fileURLToPath(new URL('../..', import.meta.url)),
      join(cwd, 'node_modules/prisma-extension-query-cache'),
    )
    const doctor = await runCli(['doctor'], { cwd })
    expect(doctor.stdout).toMatch(/✓ config +.*cache\.config\.ts is sound/)
    expect(doctor.stdout).toMatch(/· policies +no model has a `ttl`/)
  })

  it('finds the generated client, and writes over nothing unless it is told to', async () => {
    const generator = 'generator client {\n  provider = "prisma-client"\n  output = "../src/generated"\n}\n'
    const tsconfig = '{"compilerOptions":{"module":"nodenext"}}'
    const cwd = app({ 'prisma/schema/a.prisma': generator, 'prisma/schema/b.prisma': shop, 'tsconfig.json': tsconfig })
    const text = async () => {
      await runCli(['init', '--force'], { cwd })
      return readFileSync(join(cwd, 'cache.config.ts'), 'utf8')
    }
    expect(await text()).toContain("from './prisma/src/generated/client.js'")
    const again = await runCli(['init'], { cwd })
    expect([again.exitCode, again.stderr]).toEqual([2, expect.stringContaining('--force')])
    writeFileSync(join(cwd, 'prisma.config.ts'), "export default {\n  schema: 'elsewhere/schema.prisma',\n}\n")
    mkdirSync(join(cwd, 'elsewhere'))
    writeFileSync(join(cwd, 'elsewhere/schema.prisma'), 'model Only {\n  id Int @id\n}\n')
    expect(await text()).toMatch(/Only: [\s\S]*/)
    expect((await runCli(['init'], { cwd: app() })).stderr).toContain('no Prisma schema was found')
  })
})
