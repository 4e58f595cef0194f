import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { CacheOptions } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { did, useSpec } from './support.ts'

const folder = fileURLToPath(new URL('../../examples/deploy/', import.meta.url))
const text = (name: string) => readFileSync(join(folder, name), 'utf8')

describe('the compose file', () => {
  interface Service {
    readonly volumes?: readonly string[]
    readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>
  }
  const compose: { readonly services: Readonly<Record<string, Service>>; readonly volumes: object } = parse(
    text('compose.yml'),
  )

  it('mounts files that exist, and volumes and services that it names', () => {
    expect(Object.keys(compose.services)).toEqual(['app', 'redis', 'prometheus', 'grafana'])
    for (const { volumes = [], depends_on = [] } of Object.values(compose.services)) {
      for (const [from = ''] of volumes.map((volume) => volume.split(':'))) {
        if (from.startsWith('.')) expect(existsSync(join(folder, from)), from).toBe(true)
        else expect(Object.keys(compose.volumes)).toContain(from)
      }
      for (const name of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on)) {
        expect(Object.keys(compose.services)).toContain(name)
      }
    }
  })

  it('has Prometheus read our rules, and Grafana our dashboard', () => {
    expect(parse(text('prometheus/prometheus.yml')).rule_files).toEqual(['/etc/prometheus/prometheus-rules.yml'])
    expect(parse(text('grafana/dashboards.yml')).providers[0].options.path).toBe('/var/lib/grafana/dashboards')
    expect(parse(text('grafana/datasource.yml')).datasources[0].url).toBe('http://prometheus:9090')
  })
})

describe('a Redis set up as in the example', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let server: RedisServer
  let place: string
  let admin: Redis
  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'query-cache-deploy-'))
    // Redis knows that one from 7.2 on, and refuses to start with what it does not know; ioredis does without it.
    const users = text('users.acl').replace(' +client|setinfo', '')
    // An administrator besides, for the test to look at the log of refusals.
    writeFileSync(join(place, 'users.acl'), `${users.trimEnd()}\nuser admin on >admin allkeys allchannels +@all\n`)
    const conf = text('redis.conf').replace('/etc/redis/users.acl', join(place, 'users.acl'))
    writeFileSync(join(place, 'redis.conf'), conf)
    const settings = conf.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    const args = settings.flatMap((line) => {
      const [name, ...values] = line.split(' ')
      return [`--${name}`, ...values.map((value) => (value === '""' ? '' : value))]
    })
    server = await startRedis({ args })
    admin = new Redis({ host: '127.0.0.1', port: server.port, username: 'admin', password: 'admin' })
  })
  afterAll(async () => {
    admin?.disconnect()
    await server?.stop()
    if (place) rmSync(place, { recursive: true, force: true })
  })
  const cached = (options: CacheOptions = {}) => {
    const redis = `redis://cache:change-me@127.0.0.1:${server.port}`
    return spec.cached({ redis, prefix: `shop:${Math.random()}:`, breaker: { graceMs: 0 }, ...options })
  }

  it.each<[string, CacheOptions]>([
    ['as it is', {}],
    ['with leases for every miss', { lease: { fromMs: 0 } }],
    ['strictly', { consistency: 'strict' }],
    ['with shapes', { invalidation: 'shape' }],
    ['with copies that are subscribed', { near: 'subscribed' }],
    ['with copies that are validated', { near: 'validated' }],
    ['behind lagging replicas', { replicaLag: 1 }],
  ])('allows what the cache does, and nothing it does is refused: %s', async (_, options) => {
    const { prisma, events } = cached(options)
    await admin.call('ACL', 'LOG', 'RESET')
    const read = () => prisma.user.findMany({ cache: { tags: ['t'], key: 'named' } })
    expect(await did(prisma, read())).toBe('miss')
    await prisma.$cache.settled()
    expect(await did(prisma, read())).toBe('hit')
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
    if (!options.replicaLag) expect(await did(prisma, read())).toBe('miss')
    await prisma.$cache.settled()
    await prisma.$cache.invalidate({ tags: ['t'], models: ['Post'], keys: ['User:findMany:@named'], pattern: 'Tag:*' })
    await prisma.$cache.invalidate({ tags: ['t'], soft: true })
    await prisma.$cache.keys()
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
    const refused = ((await admin.call('ACL', 'LOG')) as string[][]).map((entry) => entry.join(' '))
    expect(refused.filter((entry) => !entry.includes('setinfo'))).toEqual([])
    expect(events.filter(({ type }) => type === 'error')).toEqual([])
    await prisma.$cache.disconnect()
  })

  it('allows nothing else: no other keys, no FLUSHALL, nobody without a name', async () => {
    const user = new Redis({ host: '127.0.0.1', port: server.port, username: 'cache', password: 'change-me' })
    for (const command of [
      ['flushall'],
      ['keys', '*'],
      ['config', 'get', '*'],
      ['set', 'other', '1'],
      ['get', 'other'],
    ]) {
      await expect(user.call(...(command as [string, ...string[]])), command.join(' ')).rejects.toThrow('NOPERM')
    }
    user.disconnect()
  })
})
