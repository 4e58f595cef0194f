import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis } from '../../examples/deploy/redis.ts'
import { type CacheOptions, cacheExtension } from '../../src/index.ts'
import { MAX_SHAPES } from '../../src/stores/store.ts'
import { did, useSpec } from '../spec/support.ts'
import { freePort } from '../support/free-port.ts'
import { useTestBed } from '../support/matrix.ts'
import { redisServerBinary } from '../support/server-binaries.ts'
import { eventually, PATIENCE_MS } from '../support/with-timeout.ts'
import { PASSWORD, serviceOf, textOf } from './files.ts'
import { type DeployedRedis, startDeployedRedis } from './redis.ts'

const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
let server: DeployedRedis
let monitor: Redis
/** What the cache has sent, one of each kind, those that its scripts run included. */
const sent = new Map<string, readonly string[]>()

beforeAll(async () => {
  server = await startDeployedRedis()
  // Nobody else is sending: ioredis takes what it is told before it knows that it monitors for an answer.
  await server.admin.ping()
  monitor = await server.admin.duplicate({ enableReadyCheck: false, disableClientInfo: true }).monitor()
  monitor.on('monitor', (_: string, args: readonly string[]) => {
    const [name = '', next = ''] = args.map((arg) => arg.toLowerCase())
    if (name !== 'acl') sent.set(name === 'client' ? `${name}|${next}` : name, args)
  })
})
afterAll(async () => {
  monitor?.disconnect()
  await server?.stop()
})

const connect = () => connectRedis({ url: server.urlAt(server.port), password: PASSWORD })

async function withCache(
  options: CacheOptions,
  use: (cached: ReturnType<typeof spec.cached>) => Promise<void>,
): Promise<void> {
  const redis = connect()
  const opened = spec.cached({ redis, prefix: `shop:${Math.random()}:`, breaker: { quarantineMs: 0 }, ...options })
  try {
    await use(opened)
    expect(opened.events.filter(({ type }) => type === 'error')).toEqual([])
  } finally {
    await opened.prisma.$cache.disconnect()
    redis.disconnect()
  }
}

const everything: readonly [string, CacheOptions][] = [
  ['as it is', {}],
  ['with leases for every miss', { lease: { minQueryMs: 0 } }],
  ['strictly', { consistency: 'strict' }],
  ['with shapes', { invalidation: 'shape' }],
  ['with copies that are subscribed', { near: 'push' }],
  ['with copies that are validated', { near: 'revalidate' }],
  ['behind lagging replicas', { replicaLag: 1 }],
]

describe('the user of the deployed Redis may do what the cache does', () => {
  it.each(everything)('%s', async (_, options) => {
    await withCache(options, async ({ prisma }) => {
      const read = () => prisma.user.findMany({ cache: { tags: ['t'], key: 'named' } })
      expect(await did(prisma, read())).toBe('miss')
      await prisma.$cache.settled()
      expect(await did(prisma, read())).toBe('hit')
      await prisma.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
      if (!options.replicaLag) expect(await did(prisma, read())).toBe('miss')
      await prisma.$transaction([prisma.user.update({ where: { id: 1 }, data: { name: 'Ada' } })])
      await prisma.$cache.settled()
      await prisma.$cache.invalidate({
        tags: ['t'],
        models: ['Post'],
        keys: ['User:findMany:@named'],
        pattern: 'Tag:*',
      })
      await prisma.$cache.invalidate({ tags: ['t'], soft: true })
      expect(await prisma.$cache.getOrSet('value', () => 1)).toBe(1)
      expect(await prisma.$cache.increment('counter', 2, { ttl: 60 })).toBe(2)
      await prisma.$cache.keys()
      await prisma.$cache.keyPage()
      await prisma.$cache.inspect('User:findMany:@named')
      expect(await prisma.$cache.health()).toMatchObject({ state: 'ok' })
      expect((await prisma.$cache.info()).servers).toMatchObject([
        {
          error: null,
          role: 'master',
          memory: { maxBytes: 512 * 1024 * 1024, policy: 'allkeys-lru' },
          persistence: { aof: true, ok: true },
        },
      ])
      await prisma.$cache.clear()
      await prisma.$cache.settled()
    })
    expect(await server.admin.call('ACL', 'LOG')).toEqual([])
  })

  it('with more shapes of queries than a registry holds', async () => {
    const columns = ['id', 'email', 'role', 'balance', 'ratio', 'active', 'managerId', 'createdAt']
    let mask = 0
    // One client may not register as many.
    for (const share of [1 / 3, 2 / 3, 1]) {
      await withCache({ invalidation: 'shape', prefix: 'shop:many-shapes:' }, async ({ prisma }) => {
        while (mask <= share * (MAX_SHAPES + 2)) {
          mask += 1
          const select = Object.fromEntries(columns.map((column, i) => [column, (mask & (1 << i)) > 0]))
          await prisma.user.findMany({ where: { name: 'Ada' }, select: select as { id: true } })
        }
      })
    }
    expect([...sent.keys()]).toContain('hdel')
    expect(await server.admin.call('ACL', 'LOG')).toEqual([])
  })

  it('with more tags than a new clock record has room for', async () => {
    await withCache({}, async ({ prisma }) => {
      await prisma.user.findMany({ cache: { tags: ['t0'] } })
      await prisma.$cache.invalidate({ tags: Array.from({ length: 1000 }, (_, i) => `t${i}`) })
    })
    // What the server runs is told a moment later.
    await eventually(async () => sent.has('append') || undefined, 'APPEND')
    expect(await server.admin.call('ACL', 'LOG')).toEqual([])
  })

  it('warming, by one process of a fleet', async () => {
    const prisma = spec.plain.$extends(
      cacheExtension({
        configFile: false,
        redis: connect(),
        prefix: 'shop:warm:',
        timeoutMs: PATIENCE_MS,
        breaker: { quarantineMs: 0 },
        defaults: { ttl: 60 },
        warmers: [{ name: 'tags', run: (client: typeof spec.plain) => client.tag.findMany(), every: 3600 }],
      }),
    )
    await prisma.$cache.warm('tags')
    await prisma.$cache.settled()
    expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
    await prisma.$cache.disconnect()
    expect(await server.admin.call('ACL', 'LOG')).toEqual([])
  })
})

describe('it may do nothing else', () => {
  const rules = textOf('users.acl')
    .split('\n')
    .find((line) => line.startsWith('user cache '))!
    .split(' ')
    .slice(2)
  const grants = rules.filter((rule) => /^[+~&]/.test(rule))
  const refused = async (user: string, command: readonly string[]) =>
    (await server.admin.call('ACL', 'DRYRUN', user, ...command)) !== 'OK'

  it('grants commands one by one, on keys of the prefix and the one channel', () => {
    expect(rules.filter((rule) => !/^\+[a-z|]+$/.test(rule))).toEqual([
      'on',
      '#PASSWORD_SHA256',
      'resetkeys',
      '~shop:*',
      'resetchannels',
      '&shop:*',
      '-@all',
    ])
  })

  it('and of these none without which the cache would do all it does', async () => {
    for (const command of sent.values()) expect(await refused('cache', command), command.join(' ')).toBe(false)
    const needless: string[] = []
    for (const grant of grants) {
      await server.admin.call(
        'ACL',
        'SETUSER',
        'probe',
        'reset',
        'on',
        ...rules.filter((rule) => rule !== grant && !rule.startsWith('#')),
      )
      const missing = await Promise.all([...sent.values()].map((command) => refused('probe', command)))
      if (!missing.includes(true)) needless.push(grant)
    }
    expect(needless).toEqual([])
  })

  it.each([
    ['flushall'],
    ['flushdb'],
    ['keys', '*'],
    ['config', 'get', '*'],
    ['config', 'set', 'maxmemory', '0'],
    ['acl', 'list'],
    ['client', 'list'],
    ['monitor'],
    ['shutdown'],
    ['replicaof', 'no', 'one'],
    ['script', 'flush'],
    ['function', 'list'],
    ['subscribe', 'other'],
    ['set', 'other', '1'],
    ['get', 'other'],
    ['mget', 'shop:a', 'other'],
    ['eval', "return redis.call('get', 'other')", '0'],
    ['eval', "return redis.call('flushall')", '0'],
  ])('is refused %s', async (...command) => {
    const redis = connect()
    await expect(redis.call(...(command as [string, ...string[]]))).rejects.toThrow(
      /NOPERM|user executing the script can't/,
    )
    redis.disconnect()
  })

  it('lets nobody in without a name, or with another password', async () => {
    for (const options of [{}, { password: PASSWORD }, { username: 'cache', password: 'another' }]) {
      const redis = new Redis({ host: '127.0.0.1', port: server.port, retryStrategy: null, ...options })
      redis.on('error', () => {})
      await expect(redis.call('ping'), JSON.stringify(options)).rejects.toThrow(/NOAUTH|WRONGPASS|closed/)
      redis.disconnect()
    }
  })
})

describe('the deployed Redis', () => {
  const execute = (script: string) => promisify(execFile)('/bin/sh', ['-c', script])
  const wellAt = async (port: number) => {
    const cli = `${join(dirname(await redisServerBinary()), 'redis-cli')} -p ${port}`
    const [, script = ''] = serviceOf('redis').healthcheck?.test ?? []
    // Doubled for compose, which would take it for a variable of its own.
    return execute(server.container.here(script.replaceAll('$$', '$').replace('redis-cli', cli))).then(
      () => true,
      () => false,
    )
  }

  it('is found well by its check, and where it is not there, or the password is another, it is not', async () => {
    expect(await wellAt(server.port)).toBe(true)
    expect(await wellAt(1)).toBe(false)
    server.container.write('/run/secrets/redis_password', 'another')
    expect(await wellAt(server.port)).toBe(false)
    server.container.write('/run/secrets/redis_password', PASSWORD)
  })

  it('does not start without a password', async () => {
    server.container.write('/run/secrets/redis_password', '\n')
    const started = execute(`/bin/sh ${server.container.path('/etc/redis/start-redis.sh')} --port 1`)
    await expect(started).rejects.toThrow('the secret redis_password is empty')
    server.container.write('/run/secrets/redis_password', PASSWORD)
  })

  it('keeps its password from everybody else on the machine', () => {
    expect(statSync(server.container.path('/tmp/users.acl')).mode & 0o077).toBe(0)
    expect(readFileSync(server.container.path('/tmp/users.acl'), 'utf8')).not.toContain(PASSWORD)
  })
})

describe('the connection of the application', () => {
  it('over TLS: to whoever has the name and a certificate of the authority, and to nobody else', async ({ skip }) => {
    const place = mkdtempSync(join(tmpdir(), 'query-cache-tls-'))
    const [key, certificate] = [join(place, 'key.pem'), join(place, 'certificate.pem')]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    const made = await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
      ...[...subject, '-keyout', key, '-out', certificate],
    ]).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
    if (!made) return skip('there is no openssl here to make a certificate with')
    const port = await freePort()
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate]
    const secured = await startDeployedRedis(['--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no'])
    const ask = async (host: string, ca?: string) => {
      const redis = connectRedis({ url: `rediss://cache@${host}:${port}`, password: PASSWORD, ca })
      const fault = once(redis, 'error').then(([error]) => (error as Error).message)
      const answer = await Promise.race([redis.ping(), fault]).catch(() => fault)
      redis.disconnect()
      return answer
    }
    try {
      const ca = readFileSync(certificate, 'utf8')
      expect(await ask('localhost', ca)).toBe('PONG')
      expect(await ask('localhost')).toMatch(/self-signed certificate/)
      expect(await ask('127.0.0.1', ca)).toMatch(/does not match certificate/)
    } finally {
      await secured.stop()
      rmSync(place, { recursive: true })
    }
  })
})
