import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { holds } from '../support/holds.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'
import { pass, TIMEOUT_MS, useProcessesUnderLoad, valuesUntilHit } from './under-load.ts'

// Queries one at a time. degradation.long.spec.ts has the same faults under load.
const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
const { startProcess, startServer, startProxy, adminOf, applicationClient } = useProcessesUnderLoad(bed)

const connections: Record<string, (url: string) => string | RedisClient> = {
  'a URL': (url) => url,
  'an ioredis 6 client': (url) => applicationClient(Redis, url),
  'an ioredis 5 client': (url) => applicationClient(Redis5, url),
}

describe.each(Object.entries(connections))('through %s', (_, connection) => {
  it('a Redis that is down at the start costs nothing but the cache, and is used when it comes', async () => {
    const server = await startServer()
    await server.kill()
    const { prisma, setStock, stock, of, recovered } = await startProcess(connection(server.url))
    for (let i = 1; i <= 20; i += 1) {
      await withTimeout(setStock(i), 'a write')
      expect(await withTimeout(stock(), 'a read')).toBe(i)
    }
    expect(of('hit')).toEqual([])
    expect(of('error').length).toBeGreaterThan(0)
    expect(of('invalidate').every(({ delivered }) => !delivered)).toBe(true)
    expect(await prisma.$cache.health()).toMatchObject({ state: 'undelivered', latencyMs: null })

    await server.restart()
    await recovered()
    expect(await prisma.$cache.health()).toMatchObject({ state: 'ok', undelivered: 0 })
    expect(await stock()).toBe(20)
  })

  it('a Redis that is frozen opens the circuit: after a few reads nobody waits', async () => {
    const server = await startServer()
    const { stock, status, recovered, of } = await startProcess(connection(server.url))
    await recovered()
    server.pause()
    for (let i = 0; i < 3; i += 1) expect(await status()).toBe('store-unavailable')
    const waited = () => of('error').filter(({ during }) => during === 'look-up').length
    expect(waited()).toBe(3)
    for (let i = 0; i < 20; i += 1) await stock()
    expect(waited()).toBe(3)
    server.resume()
    await recovered()
  })
})

describe('invalidations that could not be delivered', () => {
  const KEEPING_DATA = ['--appendonly', 'yes', '--appendfsync', 'always']

  it('reach a Redis that comes back with its old data before this process reads from it', async () => {
    const server = await startServer(...KEEPING_DATA)
    const admin = adminOf(server.url)
    const { prisma, setStock, stock, status, of } = await startProcess(server.url)
    await prisma.$cache.health()
    await setStock(1)
    await stock()
    await prisma.$cache.settled()
    expect(await status()).toBe('hit')
    const version = await admin.getrange('degraded:clock:{Product}', 0, 31)
    const [entry = ''] = await prisma.$cache.keys()

    await server.kill()
    await setStock(2)
    expect(of('invalidate').at(-1)).toMatchObject({ delivered: false })
    expect(await status()).toBe('undelivered-invalidation')
    expect(await stock()).toBe(2)

    await server.restart()
    const seen: [number, string][] = []
    const kept = await admin.exists(entry)
    await eventually(async () => {
      seen.push([await stock(), await status()])
      return seen.at(-1)?.[1] === 'hit' || undefined
    }, 'a hit')
    expect(kept).toBe(1)
    expect(await admin.getrange('degraded:clock:{Product}', 0, 31)).not.toBe(version)
    expect(new Set(seen.map(([value]) => value))).toEqual(new Set([2]))
  })

  it('reach it through other processes too, once they are delivered', async () => {
    const server = await startServer(...KEEPING_DATA)
    const one = await startProcess(server.url)
    const other = await startProcess(server.url)
    await one.prisma.$cache.health()
    await other.stock()
    await other.prisma.$cache.settled()
    expect(await other.status()).toBe('hit')
    await server.kill()
    await one.setStock(2)
    await server.restart()
    await eventually(async () => (await one.prisma.$cache.health()).state === 'ok' || undefined, 'the delivery')
    await other.recovered()
    expect(await other.stock()).toBe(2)
  })

  it('survive a delivery that fails half-way', async () => {
    const server = await startServer(...KEEPING_DATA)
    const proxy = await startProxy(server)
    const { setStock, stock, status, recovered, of } = await startProcess(`redis://127.0.0.1:${proxy.port}`)
    await recovered()
    await stock()
    expect(await status()).toBe('hit')
    proxy.loseAnswers()
    await setStock(2)
    const failed = () => of('error').filter(({ during }) => during === 'recovery').length
    for (let i = 0; i < 3; i += 1) {
      const before = failed()
      await eventually(async () => failed() > before || undefined, 'a delivery that fails')
      proxy.cut()
      proxy.loseAnswers()
      expect(await stock()).toBe(2)
    }
    proxy.cut()
    await recovered()
    expect(await stock()).toBe(2)
  })

  it('of more tags than are kept drop the whole namespace, and nothing else', async () => {
    const server = await startServer(...KEEPING_DATA)
    const admin = adminOf(server.url)
    const { prisma, setStock, stock, status, recovered } = await startProcess(server.url)
    await recovered()
    await stock()
    expect(await status()).toBe('hit')
    await admin.set('other:query:Product:findUnique:a', 'theirs')
    await server.kill()
    await setStock(2)
    for (let from = 0; from < 12_000; from += 1000) {
      await prisma.$cache.invalidate({ tags: Array.from({ length: 1000 }, (_, i) => `tag ${from + i}`) })
    }
    expect(await prisma.$cache.health()).toMatchObject({ state: 'undelivered', undelivered: Number.POSITIVE_INFINITY })
    await server.restart()
    await recovered()
    expect(await prisma.$cache.health()).toMatchObject({ state: 'ok', undelivered: 0 })
    expect(await stock()).toBe(2)
    expect(await admin.get('other:query:Product:findUnique:a')).toBe('theirs')
  })

  it('keep no process alive', async () => {
    const server = await startServer()
    const { prisma, setStock } = await startProcess(server.url)
    await prisma.$cache.health()
    await server.kill()
    await setStock(2)
    await withTimeout(prisma.$cache.disconnect(), 'the end')
    await expect(setStock(3)).resolves.toMatchObject({ stock: 3 })
  })

  describe('at the end', () => {
    /** Its first attempt to bring them has failed, and the next one is a minute away. */
    async function hanging() {
      const server = await startServer()
      const breaker = { failures: 3, resetMs: 60_000, quarantineMs: 0 }
      const { prisma, setStock, of } = await startProcess(server.url, { breaker })
      await prisma.$cache.health()
      server.pause()
      await setStock(2)
      await holds(() => expect(of('error').map(({ during }) => during)).toContain('recovery'))
      expect(prisma.$cache.stats().store.undelivered).toBeGreaterThan(0)
      return { server, prisma }
    }

    it('are brought, where it may wait for them', async () => {
      const { server, prisma } = await hanging()
      const end = prisma.$cache.disconnect({ flushTimeoutSeconds: 20 })
      server.resume()
      await withTimeout(end, 'the end')
      expect(prisma.$cache.stats().store.undelivered).toBe(0)
    })

    it('are waited for no longer than that, and counted', async () => {
      const { prisma } = await hanging()
      await withTimeout(prisma.$cache.disconnect({ flushTimeoutSeconds: 0.3 }), 'the end')
      expect(prisma.$cache.stats().store.undelivered).toBeGreaterThan(0)
    })
  })
})

describe('acknowledged invalidations that a restarted Redis has forgotten', () => {
  /** The last snapshot before the crash holds an entry and its clock record; the invalidation came after it. */
  async function crash() {
    const server = await startServer()
    const admin = adminOf(server.url)
    const writer = await startProcess(server.url)
    await writer.prisma.$cache.health()
    await writer.setStock(1)
    await writer.stock()
    expect(await writer.status()).toBe('hit')
    await admin.call('SAVE')
    await writer.setStock(2)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: true })
    await server.restart()
    expect(await admin.exists('degraded:clock:{Product}')).toBe(1)
    return { server, writer }
  }

  it('are made up for by the process that sent them', async () => {
    const { writer } = await crash()
    expect(await valuesUntilHit(writer)).toEqual([2])
  })

  it('deceive no process that starts after the crash', async () => {
    const { server } = await crash()
    expect(await valuesUntilHit(await startProcess(server.url))).toEqual([2])
  })
})

describe('a Redis that came back empty', () => {
  it('is filled again', async () => {
    const server = await startServer()
    const { setStock, stock, recovered, status } = await startProcess(server.url)
    await recovered()
    await stock()
    expect(await status()).toBe('hit')
    await server.restart()
    await recovered()
    expect(['miss', 'hit']).toContain(await status())
    await setStock(7)
    expect(await stock()).toBe(7)
    // What processes know of each other is noted anew first, which costs a miss.
    await eventually(async () => (await status()) === 'hit' || undefined, 'a hit')
    expect(await stock()).toBe(7)
  })
})

describe('a Redis that is full', () => {
  it('and evicts nothing: nothing new is stored, invalidations arrive, queries are answered', async () => {
    const server = await startServer('--maxmemory-policy', 'noeviction')
    const admin = adminOf(server.url)
    const { prisma, setStock, stock, status, of, recovered } = await startProcess(server.url)
    await recovered()
    await stock()
    await stock(2)
    expect([await status(1), await status(2)]).toEqual(['hit', 'hit'])
    await admin.config('SET', 'maxmemory', '1')

    expect(await status(2)).toBe('hit')
    await setStock(2)
    expect(of('invalidate').at(-1)).toMatchObject({ delivered: true })
    for (let i = 3; i < 13; i += 1) {
      expect(await stock()).toBe(i - 1)
      await setStock(i)
    }
    expect(await prisma.product.findMany({ where: { id: 3 } })).toHaveLength(1)
    expect(await prisma.$cache.health()).toMatchObject({ undelivered: 0 })
    expect(of('error').length).toBeGreaterThan(0)

    await admin.config('SET', 'maxmemory', '0')
    await recovered()
    expect(await stock()).toBe(12)
    expect(await status()).toBe('hit')
  })
})

describe('a Redis that refuses', () => {
  it('writes, being the replica of a dead master: no stale read, and all is delivered when it is promoted', async () => {
    const server = await startServer()
    const admin = adminOf(server.url)
    const { setStock, stock, status, of, recovered, prisma } = await startProcess(server.url)
    await recovered()
    await stock()
    expect(await status()).toBe('hit')
    await admin.call('REPLICAOF', '127.0.0.1', `${await freePort()}`)
    await setStock(2)
    expect(of('invalidate').at(-1)).toMatchObject({ delivered: false })
    for (let i = 0; i < 10; i += 1) {
      expect(await stock()).toBe(2)
      await pass(20)
    }
    expect(await prisma.$cache.health()).toMatchObject({ state: 'undelivered' })
    expect(String(of('error').at(-1)?.error)).toContain('replica')
    await admin.call('REPLICAOF', 'NO', 'ONE')
    await recovered()
    expect(await stock()).toBe(2)
  })

  for (const [title, url] of [
    ['a client that gives no password', (port: number) => `redis://127.0.0.1:${port}`],
    ['a wrong password', (port: number) => `redis://:wrong@127.0.0.1:${port}`],
    ['a user it does not know', (port: number) => `redis://nobody:wrong@127.0.0.1:${port}`],
  ] as const) {
    it(`${title}: queries are answered, events say why, secrets are not in them`, async () => {
      const server = await startServer('--requirepass', 'right')
      const { setStock, stock, of } = await startProcess(url(server.port))
      for (let i = 1; i <= 10; i += 1) {
        await withTimeout(setStock(i), 'a write')
        expect(await withTimeout(stock(), 'a read')).toBe(i)
      }
      const errors = of('error').map(({ error }) => String(error))
      expect(errors.some((error) => /NOAUTH|WRONGPASS|invalid password/i.test(error))).toBe(true)
      expect(JSON.stringify(errors)).not.toContain('wrong@')
    })
  }

  it('the right password nothing', async () => {
    const server = await startServer('--requirepass', 'right')
    const { recovered } = await startProcess(`redis://:right@127.0.0.1:${server.port}`)
    await recovered()
  })

  it('what is not its type: a foreign key in our namespace is a miss', async () => {
    const server = await startServer()
    const admin = adminOf(server.url)
    const { prisma, stock, status, setStock } = await startProcess(server.url)
    await prisma.$cache.health()
    await stock()
    await prisma.$cache.settled()
    const [entry = ''] = await prisma.$cache.keys()
    await admin.del(entry)
    await admin.rpush(entry, 'a list')
    expect(await status()).toBe('miss')
    expect(await status()).toBe('hit')
    await admin.del('degraded:clock:{Product}')
    await admin.rpush('degraded:clock:{Product}', 'a list')
    await setStock(2)
    for (let i = 0; i < 5; i += 1) expect(await stock()).toBe(2)
  })

  it('nothing, but holds bytes we did not write: a miss, and an event', async () => {
    const server = await startServer()
    const admin = adminOf(server.url)
    const { prisma, stock, status, of } = await startProcess(server.url)
    await prisma.$cache.health()
    await stock()
    await prisma.$cache.settled()
    const [entry = ''] = await prisma.$cache.keys()
    const good = (await admin.get(entry)) as string
    const broken = [
      '',
      'garbage',
      'qc1 garbage\n',
      good.slice(0, -10),
      good.replace('\n', ' '),
      good.replace('qc1', 'qc9'),
      `${good}}`,
      good.replace(/\n.*\n/, '\n{"price":"i"}\n'),
      good.replace(/\n.*\n/, '\n["d"\n'),
      '\u0000\u0001\u0002',
    ]
    for (const bytes of broken) {
      await admin.set(entry, bytes)
      expect(await stock(), JSON.stringify(bytes)).toBe(0)
      expect(of('error').at(-1), JSON.stringify(bytes)).toMatchObject({ during: 'decode' })
      await prisma.$cache.settled()
      expect(await status(), JSON.stringify(bytes)).toBe('hit')
    }
  })
})

describe('a bad line to Redis', () => {
  it('that is slow, but not too slow, is waited for', async () => {
    const server = await startServer()
    const proxy = await startProxy(server)
    const { stock, status, recovered, setStock } = await startProcess(`redis://127.0.0.1:${proxy.port}`)
    await recovered()
    proxy.delay(TIMEOUT_MS / 10)
    await setStock(3)
    expect(await stock()).toBe(3)
    expect(await status()).toBe('hit')
  })
})
