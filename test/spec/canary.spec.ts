import { randomBytes } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { Registry } from 'prom-client'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { adminHandler } from '../../src/admin/index.ts'
import { type CacheOptions, cacheExtension, createCache, Invalidates } from '../../src/index.ts'
import { prometheusMetrics } from '../../src/metrics/prometheus.ts'
import { runCli } from '../support/built-cli.ts'
import { freePort } from '../support/free-port.ts'
import { useTestBed } from '../support/matrix.ts'
import { startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'
import { type Spec, useSpec } from './support.ts'

/**
 * A marked value goes through every path that can fail, and all that is told afterwards is searched for it: events of
 * every type, errors of ours, logs and warnings, what operators are shown, metrics, and what stands in Redis beside the
 * entries. What may tell it is listed under "what tells values, and why".
 */
const CANARY = 'canary-5f1e'
/** As a row or an argument holds it: with what would end a line or move the cursor of a terminal. */
const EVIL = `${CANARY}\u001b[31m\r\nforged: \u009b1m\u2028"'\``
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
type Client = Spec<'sqlite'>
let redis: Redis
beforeAll(() => {
  redis = new Redis(inject('servers').redisUrl)
})
afterAll(() => redis.disconnect())

/** Lines that were logged, warned of or printed by the process. */
const lines: string[] = []
const warned = (warning: Error) => lines.push(warning.message)
beforeEach(() => {
  lines.length = 0
  process.on('warning', warned)
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...args) => void lines.push(args.map(String).join(' ')))
  }
})
afterEach(() => {
  process.off('warning', warned)
  vi.restoreAllMocks()
})

const textOf = (value: unknown) =>
  [
    inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null }),
    JSON.stringify(value, (_, one) =>
      one instanceof Error
        ? { ...one, message: one.message, stack: one.stack, cause: one.cause }
        : typeof one === 'bigint'
          ? String(one)
          : one,
    ),
  ].join('\n')

/** Also where it was cut, or encoded. */
const MARKED = new RegExp(
  `${CANARY}|${encodeURIComponent(EVIL).slice(0, 20)}|${Buffer.from(CANARY).toString('base64').slice(0, 12)}`,
)

function expectNothing(told: unknown, where: string): void {
  const text = textOf(told)
  const at = MARKED.exec(text)?.index
  expect(at === undefined ? '' : text.slice(Math.max(0, at - 300), at + 100), where).toBe('')
}

/** A cached client that is watched through every door there is. */
function open(options: CacheOptions = {}) {
  const client = spec.cached({
    logger: { warn: (line) => lines.push(line), info: (line) => lines.push(line) },
    defaults: { ttl: 60, jitter: 0 },
    ...options,
  })
  const { $cache } = client.prisma
  const admin = adminHandler($cache, {
    authorize: () => true,
    clock: client.clock.now,
    metrics: prometheusMetrics($cache, { registry: new Registry() }).registry,
  })
  const ask = (path: string, init?: RequestInit) => admin(new Request(`http://ops.test${path}`, init))
  const stream = ask('/events').then(({ body }) => body?.getReader())
  return { ...client, admin, ask, stream }
}
type Open = ReturnType<typeof open>

/** Where errors were told from, by all that was searched. */
const seen = new Set<string>()
const errorsOf = ({ events }: Pick<Client, 'events'>) =>
  events.flatMap((event) => (event.type === 'error' ? [event.during] : []))
const caught = async (work: () => unknown) => {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

/** All that is told of a client. */
async function expectUntold(opened: Open, ...more: unknown[]): Promise<void> {
  const { prisma, events, prefix, ask, stream, admin } = opened
  const { $cache } = prisma
  await $cache.settled()
  for (const during of errorsOf(opened)) seen.add(during)
  const keys = ((await caught(() => $cache.keys())) as string[]) ?? []
  const listed = Array.isArray(keys) ? keys : []
  const shown = {
    events,
    more,
    keys,
    stats: $cache.stats(),
    health: await $cache.health(),
    info: await $cache.info(),
    entries: await Promise.all(listed.map((key) => caught(() => $cache.inspect(key)))),
    reasons: listed.map((key) => $cache.lastInvalidation(key)),
    explained: await caught(() => $cache.explain(prisma.user.findMany({ where: { email: EVIL } }))),
    catalogue: await caught(() => $cache.catalogue()),
  }
  expectNothing(shown, 'what `$cache` tells')
  const paths = [
    '/stats',
    '/activity?window=3600',
    '/info',
    '/keys',
    '/health',
    '/metrics',
    '/nothing',
    `/keys/${EVIL}x`,
  ]
  for (const path of [...paths, ...listed.map((key) => `/keys/${encodeURIComponent(key)}`)]) {
    const answer = await ask(path)
    expectNothing([await answer.text(), [...answer.headers]], `the admin API, ${path}`)
  }
  admin.close()
  const reader = await stream
  let sent = ''
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    sent += Buffer.from(piece.value as Uint8Array).toString()
  }
  expectNothing(sent, 'the event stream')
  for (const line of sent.split('\n')) expect(line).not.toMatch(CONTROL)
  expectNothing(lines, 'lines')
  for (const line of lines) expect(line).not.toMatch(CONTROL)
  const all = await redis.keys(`${prefix}*`)
  expectNothing(all, 'keys in Redis')
  for (const key of all.filter((one) => !/:(query|data):/.test(one))) {
    const type = await redis.type(key)
    expectNothing(type === 'hash' ? await redis.hgetall(key) : await caught(() => redis.get(key)), `Redis, ${key}`)
  }
}

/** A user whose every text is marked, and reads by them. */
const user = { id: 4, email: EVIL, name: EVIL, meta: { note: EVIL } }
const read = ({ prisma }: Pick<Client, 'prisma'>) =>
  prisma.user.findMany({ where: { email: EVIL }, select: { name: true, balance: true, meta: true } })
/** What Prisma says of arguments it does not take: it quotes them. */
const prismaError = ({ plain }: Pick<Client, 'plain'>) =>
  caught(() => plain.user.findMany({ where: { email: EVIL, nothing: EVIL } as never })) as Promise<Error>

async function withoutTable({ plain }: Pick<Client, 'plain'>, work: () => Promise<unknown>): Promise<void> {
  await plain.$executeRawUnsafe('ALTER TABLE users RENAME TO users_gone')
  try {
    await work()
  } finally {
    await plain.$executeRawUnsafe('ALTER TABLE users_gone RENAME TO users')
  }
}

/** Puts something else in the place of the entry of `read`. */
async function tampered(opened: Open, change: (payload: string) => string, header = (text: string) => text) {
  await read(opened)
  await opened.prisma.$cache.settled()
  const [key = ''] = await opened.prisma.$cache.keys({ pattern: 'User:*' })
  const [first = '', ...rest] = ((await redis.get(key)) ?? '').split('\n')
  const payload = change(rest.join('\n'))
  await redis.set(key, `${header(first).replace(/ \w+(@\S+)?$/, ` ${payload.length.toString(36)}$1`)}\n${payload}`)
  await read(opened)
}

const key = () => randomBytes(32).toString('base64')
const encryption = { keys: [{ id: 'a', key: key() }], digestKey: key() }

describe('a marked value is told by nobody when', () => {
  beforeEach(async () => {
    await spec.plain.user.create({ data: user })
  })

  it.each<[string, (payload: string) => string]>([
    ['cut in the middle of it', (payload) => payload.slice(0, payload.indexOf(CANARY) + 6)],
    ['that is no JSON behind it', (payload) => payload.replace(CANARY, `${CANARY}"`)],
    ['that is no JSON before it', (payload) => payload.replace(`"${CANARY}`, CANARY)],
    ['whose shape is it', (payload) => `"${CANARY}"\n${payload}`],
    ['that calls it a number', () => `"i"\n"${CANARY}"`],
    ['without a line', () => CANARY],
  ])('an entry cannot be read: one %s', async (_, change) => {
    const opened = open()
    await tampered(opened, change)
    expect(errorsOf(opened)).toContain('decode')
    await expectUntold(opened)
  })

  it('an entry has a header that is it', async () => {
    const opened = open()
    await tampered(
      opened,
      (payload) => payload,
      (header) => header.replace(/ [^ ]* (?=\w+$)/, ` ${CANARY},%zz `),
    )
    await expectUntold(opened)
  })

  it('an entry that must be encrypted is not, or does not open', async () => {
    const opened = open({ encryption, models: { User: { encrypt: true } } })
    await tampered(opened, () => Buffer.from(`${CANARY}${CANARY}${CANARY}`).toString('base64'))
    await tampered(
      opened,
      () => `\n[{"name":"${CANARY}"}]`,
      (header) => header.replace(/@\S+$/, ''),
    )
    expect(errorsOf(opened)).toContain('decrypt')
    await expectUntold(opened)
  })

  it.each(['SET', 'MGET', 'GET', 'EVAL', 'EVALSHA', 'UNLINK', 'HGETALL', 'SCRIPT', 'ECHO'])(
    'the server does not know %s, and quotes what came with it',
    async (command) => {
      const server = await startRedis({ args: ['--rename-command', command, ''] })
      try {
        const opened = open({ redis: server.url, breaker: { quarantineMs: 0 } })
        await read(opened)
        await opened.prisma.user.update({ where: { id: 4 }, data: { meta: { note: `2${EVIL}` } } })
        await read(opened)
        await caught(() => opened.prisma.$cache.set('name', EVIL))
        await caught(() => opened.prisma.$cache.getOrSet('other', () => EVIL))
        const { $cache } = opened.prisma
        const errors = await Promise.all([caught(() => $cache.delete('name')), caught(() => $cache.clear())])
        await expectUntold(opened, errors)
      } finally {
        await server.stop()
      }
    },
  )

  it('the server has no room, is stopped, or comes back', async () => {
    const server = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const operator = new Redis(server.url)
    operator.on('error', () => {})
    try {
      const opened = open({ redis: server.url, breaker: { quarantineMs: 0, resetMs: 10 }, timeoutMs: 200 })
      await opened.prisma.user.count()
      await operator.config('SET', 'maxmemory', '1')
      await read(opened)
      await opened.prisma.user.update({ where: { id: 4 }, data: { name: `2${EVIL}` } })
      await opened.prisma.$cache.settled()
      await server.kill()
      await read(opened)
      await opened.prisma.user.update({ where: { id: 4 }, data: { name: EVIL } })
      await eventually(async () => lines.find((line) => line.includes('cannot be used')), 'the loss')
      await server.restart()
      await eventually(async () => {
        await read(opened)
        return lines.find((line) => line.includes('is back'))
      }, 'the return')
      expect(errorsOf(opened).length).toBeGreaterThan(0)
      await expectUntold(opened)
    } finally {
      operator.disconnect()
      await server.stop()
    }
  })

  it.each([
    ['is wrong', async () => inject('servers').redisUrl.replace('//', `//${CANARY}:${CANARY}@`)],
    ['is that of a server that does not answer', async () => `redis://:${CANARY}@127.0.0.1:${await freePort()}`],
  ])('the password of Redis %s', async (_, url) => {
    const opened = open({ redis: await url(), timeoutMs: 200 })
    await read(opened)
    await eventually(async () => lines.find((line) => line.includes('cannot be used')), 'the loss')
    const { $cache } = opened.prisma
    const asked = [() => $cache.keys(), () => $cache.clear(), () => $cache.inspect('k'), () => $cache.keyPage()]
    await expectUntold(opened, await Promise.all(asked.map(caught)))
    await $cache.disconnect()
  })

  it('a refresh or a verification fails', async () => {
    const opened = open({ defaults: { ttl: 60, swr: 60, jitter: 0 }, verify: { sample: 1, afterMs: 1 } })
    await read(opened)
    await opened.prisma.$cache.settled()
    await withoutTable(opened, async () => {
      await read(opened)
      await eventually(async () => errorsOf(opened).includes('verify') || undefined, 'the verification')
      opened.clock.advance(61_000)
      await read(opened)
      await opened.prisma.$cache.settled()
    })
    expect(errorsOf(opened)).toEqual(expect.arrayContaining(['refresh', 'verify']))
    await expectUntold(opened)
  })

  it('a hit is found to be stale', async () => {
    const opened = open({ verify: { sample: 1, afterMs: 1 } })
    await read(opened)
    await opened.prisma.$cache.settled()
    await opened.plain.user.update({ where: { id: 4 }, data: { name: `2${EVIL}` } })
    await read(opened)
    await eventually(async () => opened.events.find(({ type }) => type === 'verify'), 'the verdict')
    await expectUntold(opened)
  })

  it('a query, a write or a transaction fails', async () => {
    const opened = open()
    const { prisma, Prisma } = opened
    const failing = [
      () => prisma.user.create({ data: { email: EVIL } }),
      () => prisma.user.update({ where: { email: `2${EVIL}` }, data: { name: EVIL } }),
      () => prisma.user.findMany({ where: { email: EVIL, nothing: EVIL } as never }),
      () => prisma.user.findUniqueOrThrow({ where: { email: `2${EVIL}` } }),
      () => prisma.$queryRaw(Prisma.sql`SELECT nothing FROM users WHERE email = ${EVIL}`),
      () => prisma.$queryRawUnsafe(`SELEC '${CANARY}'`),
      () => prisma.$executeRawUnsafe(`UPDAT users SET full_name = '${CANARY}'`),
      () => prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe(`SELECT '${CANARY}' FROM nothing`)),
      () => prisma.$transaction([prisma.user.create({ data: { email: EVIL } }), prisma.user.findMany()]),
      () =>
        prisma.$transaction(async (tx) => {
          await tx.user.update({ where: { email: EVIL }, data: { name: EVIL } })
          throw new Error(EVIL)
        }),
    ]
    for (const fail of failing) expect(await caught(fail)).toBeInstanceOf(Error)
    await expectUntold(opened)
  })

  it('arguments are no data: they throw, or pretend', async () => {
    const opened = open()
    const { prisma } = opened
    const thrower = () => {
      throw new TypeError(EVIL)
    }
    const odd: unknown[] = [
      Object.defineProperty({}, 'email', { enumerable: true, get: thrower }),
      { email: new Proxy({}, { ownKeys: thrower, getPrototypeOf: thrower }) },
      { email: { toJSON: thrower, toString: thrower } },
      { balance: Object.assign(Object.create({ toFixed: thrower }), { [Symbol.toStringTag]: 'Decimal' }) },
      { id: { equals: EVIL } },
      { big: EVIL, balance: EVIL, ratio: EVIL, createdAt: EVIL, bytes: EVIL, active: EVIL, role: EVIL },
      { OR: [{ big: { in: [EVIL] } }, { bytes: new Uint8Array(Buffer.from(EVIL)) }] },
      { posts: { some: { title: EVIL, authorId: EVIL } }, AND: EVIL },
      { id: Symbol(CANARY) },
      { createdAt: new Date(Number.NaN), name: EVIL },
      { [EVIL]: EVIL },
    ]
    const { plain } = opened
    for (const where of odd) {
      await caught(() => prisma.user.findMany({ where: where as never }))
      await caught(() => prisma.user.updateMany({ where: where as never, data: { name: EVIL } }))
      await caught(() => prisma.user.create({ data: where as never }))
      await caught(() => plain.user.findMany({ where: where as never }))
    }
    await expectUntold(opened)
  })

  it('what Prisma said of it is thrown by a function of the application', async () => {
    const sayings: Error[] = []
    const failing = () => {
      throw sayings[0]
    }
    const source = new EventEmitter()
    const opened = open({
      warmers: [{ name: 'w', run: () => [async () => failing()] }],
      models: { Tag: { validate: failing } },
    })
    sayings.push(await prismaError(opened))
    expect(sayings[0]?.message).toContain(CANARY)
    const { prisma } = opened
    const { $cache } = prisma
    $cache.on('fill', failing)
    $cache.on('hit', async () => failing())
    $cache.invalidateOn(source, { changed: failing })
    source.emit('changed', EVIL)
    await prisma.tag.findMany()
    await prisma.tag.findMany()
    await prisma.user.findMany()
    await prisma.user.findMany()
    await $cache.settled()
    await caught(() => $cache.warm('w'))
    const wrapped = $cache.wrap(async (text: string) => text, { name: 'w', key: failing })
    await wrapped(EVIL)
    await caught(() => $cache.keepWarm('w', async () => failing()))
    class Shop {
      async change(text: string) {
        return text
      }
    }
    const method = Invalidates({ cache: $cache, tags: failing })(
      Shop.prototype.change as never,
      {
        kind: 'method',
        name: 'change',
      } as never,
    ) as unknown as Shop['change']
    await method.call(new Shop(), EVIL)
    await $cache.settled()
    const guarded = adminHandler($cache, { authorize: async () => failing() })
    const refused = await guarded(new Request('http://ops.test/stats'))
    expect(errorsOf(opened)).toEqual(expect.arrayContaining(['listener', 'validate', 'invalidate', 'key', 'admin']))
    await expectUntold(opened, await refused.text())
  })

  it('the scope cannot be told', async () => {
    const sayings: Error[] = []
    const opened = open({
      vary: () => {
        throw sayings[0]
      },
    })
    sayings.push(await prismaError(opened))
    await read(opened)
    await caught(() => opened.prisma.$cache.get('x'))
    expect(errorsOf(opened)).toContain('vary')
    await expectUntold(opened)
  })

  it('a value is not what it is taken for', async () => {
    const opened = open()
    const { $cache } = opened.prisma
    await $cache.set('text', EVIL)
    expect(await $cache.increment('text', 1)).toBeUndefined()
    await $cache.set('map', new Map([[EVIL, EVIL]]))
    await caught(() => $cache.getOrSet('failing', () => Promise.reject(new Error(EVIL))))
    await caught(() => $cache.getOrSet('odd', () => Symbol(CANARY)))
    await redis.set(`${opened.prefix}data:text`, `qc6 ${EVIL}`)
    expect(await $cache.get('text')).toBeUndefined()
    expect(errorsOf(opened)).toEqual(expect.arrayContaining(['increment', 'decode']))
    await expectUntold(opened)
  })

  it('processes spell tags differently', async () => {
    const one = open({ encryption })
    await read(one)
    const other = open({ encryption: { ...encryption, digestKey: key() }, prefix: one.prefix })
    await read(other)
    await other.prisma.user.update({ where: { email: EVIL }, data: { name: EVIL } })
    await read(one)
    expect([...errorsOf(one), ...errorsOf(other)]).toContain('spelling')
    await expectUntold(one)
    await expectUntold(other)
  })

  it('the catalogue has it, or cannot be read', async () => {
    const { plain } = spec.cached()
    await plain.$executeRawUnsafe(
      `CREATE TRIGGER odd AFTER UPDATE ON users BEGIN UPDATE "Tag" SET color = '${CANARY}' WHERE name = '${CANARY}'; END`,
    )
    try {
      const opened = open({ catalogue: { timeoutMs: 20_000 } })
      await read(opened)
      await opened.prisma.user.update({ where: { id: 4 }, data: { name: EVIL } })
      await expectUntold(opened)
    } finally {
      await plain.$executeRawUnsafe('DROP TRIGGER odd')
    }
    const opened = open({ catalogue: { timeoutMs: 20_000 } })
    const gate = opened.sql.hold(/catalogue/, { before: true })
    const reading = read(opened)
    reading.catch(() => {})
    await gate.held
    gate.fail(new Error(EVIL))
    await reading
    expect(errorsOf(opened)).toContain('catalogue')
    await expectUntold(opened)
  })
})

it('errors were told from everywhere but where they are words of ours alone, or a fault of ours', () => {
  const source = readFileSync(new URL('../../src/events.ts', import.meta.url), 'utf8')
  const [, all = ''] = /Where: (`.*`)\./.exec(source) ?? []
  const places = [...all.matchAll(/`([\w-]+)`/g)].map(([, place]) => place)
  expect(places.filter((place) => place && !seen.has(place))).toEqual(['plan', 'transaction'])
})

describe('what tells values, and why', () => {
  it('an application’s own function: its error is its own word, and told as it is', async () => {
    const opened = open({
      models: {
        Tag: {
          validate: () => {
            throw new Error(CANARY)
          },
        },
      },
    })
    await opened.prisma.tag.findMany()
    await opened.prisma.tag.findMany()
    expect(opened.events).toContainEqual(
      expect.objectContaining({ during: 'validate', error: expect.objectContaining({ message: CANARY }) }),
    )
  })

  it('a result, and what Prisma throws: they are the caller’s', async () => {
    const { prisma, plain } = open()
    await plain.user.create({ data: user })
    for (const _ of [1, 2]) expect(await read({ prisma })).toMatchObject([{ name: EVIL, meta: { note: EVIL } }])
    expect(String(await caught(() => prisma.user.findMany({ where: { nothing: EVIL } as never })))).toContain(CANARY)
  })

  it('an entry in Redis that is not encrypted, and who asks to be shown its value', async () => {
    const opened = open()
    await opened.plain.user.create({ data: user })
    await read(opened)
    await opened.prisma.$cache.settled()
    const [key = ''] = await opened.prisma.$cache.keys()
    expect(await redis.get(key)).toContain(CANARY)
    expectNothing(await opened.prisma.$cache.inspect(key), 'without `value`')
    expect(textOf(await opened.prisma.$cache.inspect(key, { value: true }))).toContain(CANARY)
  })

  it('names of the application’s own: keys of values, tags', async () => {
    const { prisma, prefix } = open()
    await prisma.$cache.set(CANARY, 1, { tags: [CANARY] })
    expect(await redis.keys(`${prefix}data:${CANARY}`)).toHaveLength(1)
    const [entry = ''] = await redis.keys(`${prefix}data:${CANARY}`)
    expect(await redis.get(entry)).toContain(`#${CANARY}`)
  })

  it('the application’s audit, of a scope', async () => {
    const opened = open({ vary: () => CANARY, models: { Tag: { audit: true } } })
    await opened.prisma.tag.findMany()
    expect(opened.events).toContainEqual(expect.objectContaining({ type: 'audit', scope: CANARY }))
    expectNothing(
      opened.events.filter(({ type }) => type !== 'audit'),
      'the other events',
    )
  })
})

describe('a secret is told by no error about options', () => {
  const env = { ...process.env }
  afterEach(() => {
    process.env = { ...env }
  })
  const url = `redis://user:${CANARY}@cache:6379`
  const set = (variables: Record<string, string>) => {
    Object.assign(process.env, variables)
    return {}
  }

  it.each<[string, () => unknown]>([
    ['no Redis URL', () => ({ redis: `http://user:${CANARY}@cache` })],
    ['a URL that is none', () => ({ redis: `redis//:${CANARY}@cache` })],
    ['a port that is none', () => ({ redis: `redis://:${CANARY}@cache:port` })],
    ['a password behind a `?`', () => ({ redis: `memcached://cache?password=${CANARY}` })],
    ['an object', () => ({ redis: { url } })],
    ['a list', () => ({ redis: [url] })],
    ['a store', () => ({ store: url })],
    ['a prefix', () => ({ prefix: `${url}${'x'.repeat(200)}` })],
    ['another option', () => ({ defaults: { ttl: url } })],
    ['an unknown option', () => ({ password: CANARY })],
    ['a key of encryption', () => ({ encryption: { keys: [{ id: 'a', key: CANARY }], digestKey: key() } })],
    ['a key without id', () => ({ encryption: { keys: [CANARY], digestKey: key() } })],
    ['keys that are no list', () => ({ encryption: { keys: CANARY, digestKey: key() } })],
    ['encryption that is a text', () => ({ encryption: CANARY })],
    ['a digest key', () => ({ encryption: { keys: [{ id: 'a', key: key() }], digestKey: CANARY } })],
    ['REDIS_URL', () => set({ REDIS_URL: `redis//:${CANARY}@cache` })],
    ['REDIS_HOST', () => set({ REDIS_HOST: `user:${CANARY}@cache` })],
    ['CACHE_ENCRYPTION_KEYS', () => set({ CACHE_ENCRYPTION_KEYS: `a:${CANARY}`, CACHE_DIGEST_KEY: key() })],
    ['CACHE_DIGEST_KEY', () => set({ CACHE_ENCRYPTION_KEYS: `a:${key()}`, CACHE_DIGEST_KEY: CANARY })],
    ['CACHE_DIGEST_KEY alone', () => set({ CACHE_DIGEST_KEY: CANARY })],
  ])('%s', async (_, options) => {
    const given = { configFile: false, logger: false, ...(options() as object) } as CacheOptions
    for (const setUp of [() => spec.plain.$extends(cacheExtension(given)), () => createCache(given)]) {
      const error = await caught(setUp)
      expect(error).toBeInstanceOf(Error)
      expectNothing(error, 'the error')
      expect((error as Error).message).not.toMatch(CONTROL)
    }
  })

  it.each<[string, string]>([
    ['cache.config.json', `{ "redis": "${url}", }`],
    ['cache.config.json', `{ "redis": "${url}" "prefix": 1 }`],
    ['cache.config.json', `{ "redis": ${CANARY} }`],
    ['cache.config.json', `{ "redis": "http://:${CANARY}@cache" }`],
    ['cache.config.ts', `export default { redis: '${url}' prefix: 1 }`],
    ['cache.config.ts', `export default { redis: '${url} }`],
    ['cache.config.ts', `export default { redis: new URL('redis//:${CANARY}@cache').href }`],
    ['cache.config.ts', `throw new Error('cannot connect to ${url}')`],
    ['cache.config.cjs', `module.exports = { encryption: { digestKey: '${CANARY}' `],
  ])('a config file: %s, %s', async (name, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'query-cache-canary-'))
    try {
      const configFile = join(folder, name)
      writeFileSync(configFile, text)
      const error = await caught(() => createCache({ configFile }))
      expect(error).toBeInstanceOf(Error)
      expectNothing(error, 'the error')
      const { stdout, stderr } = await runCli(['doctor', '--config', configFile], { cwd: folder })
      expectNothing([stdout, stderr], 'the command line')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('the command line tells no marked value', () => {
  let folder: string
  let prefix: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'query-cache-canary-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  beforeEach(async () => {
    await spec.plain.user.create({ data: user })
    const opened = open()
    ;({ prefix } = opened)
    await tampered(opened, (payload) => payload.replace(CANARY, `${CANARY}"`))
    await redis.rpush(`${prefix}query:User:findMany:list`, EVIL)
    await redis.hset(`${prefix}clock:{User}`, EVIL, EVIL)
    await redis.set(`${prefix}shapes:{User}`, EVIL)
    await redis.set(`${prefix}server`, EVIL)
    await redis.set(`${prefix}query:User:findMany:broken`, `qc6 ${EVIL}`, 'EX', 60)
  })

  it('whatever lies in the store, and whatever is asked', async () => {
    const broken = ['User:findMany:broken', 'User:findMany:list']
    const commands = [
      ['keys'],
      ['keys', '--json'],
      ['stats'],
      ['stats', '--json'],
      ['doctor'],
      ['doctor', '--json', '--strict'],
      ...broken.flatMap((key) => [
        ['get', key],
        ['get', key, '--value'],
        ['get', key, '--json'],
      ]),
      ['invalidate', '--model', 'User', '--yes'],
      ['clear', '--yes'],
    ]
    for (const command of commands) await expectQuiet(command, inject('servers').redisUrl)
  })

  it('when the store does not let it in, or is not there', async () => {
    const wrong = inject('servers').redisUrl.replace('//', `//${CANARY}:${CANARY}@`)
    const gone = `redis://:${CANARY}@127.0.0.1:${await freePort()}`
    for (const url of [wrong, gone]) {
      for (const command of [['keys'], ['stats'], ['doctor'], ['get', 'x'], ['clear', '--yes']]) {
        await expectQuiet(command, url)
      }
    }
    await expectQuiet(['keys', '--redis', `redis//:${CANARY}@cache`], '')
    await expectQuiet(['keys', '--url', `http://user:${CANARY}@127.0.0.1:1`], '')
    await expectQuiet(['keys', '--url', 'http://127.0.0.1:1'], '', { CACHE_ADMIN_TOKEN: `${CANARY}` })
    await expectQuiet(['keys', '--url', 'http://127.0.0.1:1'], '', { CACHE_ADMIN_TOKEN: `${CANARY}\n` })
  })

  it('when a warmer fails with what Prisma said of it', async () => {
    const client = `
      const error = new Error('Invalid value: ${CANARY}')
      error.name = 'PrismaClientValidationError'
      const outcome = { name: 'w', state: 'error', error, done: 0, total: 0, queried: 0, fresh: 0, ms: 1 }
      module.exports = { client: { $cache: { warm: async () => [outcome], on: () => () => {}, disconnect: async () => {} } } }`
    writeFileSync(join(folder, 'client.cjs'), client)
    writeFileSync(join(folder, 'throws.cjs'), `throw new Error('cannot connect to redis://user:${CANARY}@cache')`)
    for (const name of ['client.cjs', 'throws.cjs']) {
      await expectQuiet(['warm', '--all', '--client', join(folder, name)], inject('servers').redisUrl)
    }
  })

  async function expectQuiet(command: readonly string[], url: string, more: Record<string, string> = {}) {
    const args = [...command, ...(command.includes('--url') ? [] : ['--prefix', prefix])]
    const { stdout, stderr } = await runCli(args, { cwd: folder, env: { ...(url && { REDIS_URL: url }), ...more } })
    expect(stdout + stderr, command.join(' ')).not.toBe('')
    expectNothing([stdout, stderr], command.join(' '))
    for (const line of `${stdout}${stderr}`.split('\n')) expect(line, command.join(' ')).not.toMatch(CONTROL)
  }
})
