import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Cluster, Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CacheLogger, type CacheOptions, type RedisClient, StoreUnavailableError } from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually, PATIENCE_MS, withTimeout } from '../support/with-timeout.ts'
import type { ConnectionProcessOptions, Kept } from './connection-process.ts'
import { type Process, TIMEOUT_MS, useProcessesUnderLoad } from './under-load.ts'

const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
const { startProcess, atEnd } = useProcessesUnderLoad(bed)

async function startServer(...args: string[]): Promise<RedisServer> {
  const server = await startRedis({ args })
  atEnd(() => server.stop())
  return server
}

async function startProxy(port: number): Promise<TcpProxy> {
  const proxy = await startTcpProxy(port)
  atEnd(() => proxy.close())
  return proxy
}

const urlOf = ({ port }: { readonly port: number }) => `redis://127.0.0.1:${port}`

function applicationClient(Class: new (url: string) => unknown, url: string): RedisClient {
  const client = new Class(url) as RedisClient
  client.on?.('error', () => {})
  atEnd(() => client.disconnect())
  return client
}

const connections: Record<string, (url: string) => string | RedisClient> = {
  'a URL': (url) => url,
  'an ioredis 6 client': (url) => applicationClient(Redis, url),
  'an ioredis 5 client': (url) => applicationClient(Redis5, url),
}

const until = (what: string, probe: () => Promise<boolean>) =>
  eventually(async () => (await probe()) || undefined, what)
const isOk =
  ({ prisma }: Process) =>
  async () =>
    (await prisma.$cache.health()).state === 'ok'

/** Reads until the answer is this one; only answers that were good at some time since the write are allowed on the way. */
const reads = (process: Process, stock: number) =>
  until(`the answer ${stock}`, async () => (await process.stock()) === stock)

describe.each(Object.entries(connections))('a connection that is dead without an end, through %s', (_, connection) => {
  it('is replaced: what was invalidated meanwhile arrives, and nothing old is read before it has', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const writer = await startProcess(connection(urlOf(proxy)))
    const other = await startProcess(server.url)
    await writer.recovered()
    await other.recovered()
    await other.stock()
    expect(await other.status()).toBe('hit')

    const before = proxy.connections
    proxy.deaden()
    await writer.setStock(2)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: false })
    expect(await writer.stock()).toBe(2)
    await until('the delivery', isOk(writer))
    expect(proxy.connections).toBeGreaterThan(before)
    expect(await other.stock()).toBe(2)
    expect(await writer.stock()).toBe(2)
    await writer.recovered()
  })

  it('is replaced also where nobody writes, and where the new ones are dead as well', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const process = await startProcess(connection(urlOf(proxy)))
    await process.recovered()
    proxy.blackHole()
    expect(await process.stock()).toBe(0)
    const before = proxy.connections
    await until('attempts', async () => proxy.connections > before + 1)
    proxy.cut()
    await process.recovered()
  })
})

describe('a dead connection', () => {
  it('to one node of a cluster is replaced', { timeout: 60_000 }, async () => {
    const cluster = await startRedisCluster()
    atEnd(() => cluster.stop())
    const proxies = await Promise.all(cluster.nodes.map(({ server }) => startProxy(server.port)))
    const natMap = Object.fromEntries(
      cluster.nodes.map(({ server }, i) => [
        `127.0.0.1:${server.port}`,
        { host: '127.0.0.1', port: (proxies[i] as TcpProxy).port },
      ]),
    )
    const connect = (options: object) => {
      const client = new Cluster(cluster.addresses, { clusterRetryStrategy: () => 100, ...options })
      client.on('error', () => {})
      atEnd(() => client.disconnect())
      return client as unknown as RedisClient
    }
    const writer = await startProcess(connect({ natMap }))
    const other = await startProcess(connect({}))
    await writer.recovered()
    await other.recovered()
    for (const id of [1, 2, 3]) {
      await other.stock(id)
      expect(await other.status(id)).toBe('hit')
    }
    for (const proxy of proxies) {
      proxy.deaden()
      for (const id of [1, 2, 3]) await writer.setStock(proxies.indexOf(proxy) + 1, id)
      await until('the delivery', isOk(writer))
      for (const id of [1, 2, 3]) expect(await other.stock(id)).toBe(proxies.indexOf(proxy) + 1)
    }
  })

  it('of a feed that is only being opened is given up', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const main = await startProxy(server.port)
    const client = applicationClient(Redis, urlOf(main))
    const duplicate = (override: object) =>
      new Redis(proxy.port, '127.0.0.1', override as never) as unknown as RedisClient
    client.duplicate = duplicate
    const release = proxy.holdNew()
    const process = await startProcess(client, { near: 'push', connection: { connectTimeoutMs: 200 } })
    await process.recovered()
    await until('attempts', async () => proxy.connections > 2)
    release()
    await until('a hit without a round trip', async () => {
      main.resetRoundTrips()
      return (await process.status(4)) === 'hit' && main.roundTrips === 0
    })
  })

  it('on which replies come twice is replaced', async () => {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const process = await startProcess(urlOf(proxy))
    await process.recovered()
    const before = proxy.connections
    proxy.double()
    await process.stock()
    await until('another connection', async () => {
      await process.stock(4)
      return proxy.connections > before
    })
    proxy.cut()
    await process.recovered()
    await process.setStock(7)
    expect(await process.stock()).toBe(7)
  })
})

describe('a server that answers reads and refuses writes', () => {
  type Admin = Redis
  const ways: Record<string, { refuse(admin: Admin): Promise<unknown>; allow(admin: Admin): Promise<unknown> }> = {
    'as a replica': {
      refuse: async (admin) => admin.call('REPLICAOF', '127.0.0.1', `${await freePort()}`),
      allow: (admin) => admin.call('REPLICAOF', 'NO', 'ONE'),
    },
    'to a user that may only read': {
      refuse: (admin) => admin.call('ACL', 'SETUSER', 'app', '-@write', '-@scripting'),
      allow: (admin) => admin.call('ACL', 'SETUSER', 'app', '+@all'),
    },
    'for want of replicas': {
      refuse: (admin) => admin.config('SET', 'min-replicas-to-write', '1'),
      allow: (admin) => admin.config('SET', 'min-replicas-to-write', '0'),
    },
  }

  async function twoProcesses(options: CacheOptions = {}) {
    const server = await startServer()
    const admin = new Redis(server.url)
    atEnd(() => admin.disconnect())
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all')
    const connect = () => applicationClient(Redis, `redis://app:secret@127.0.0.1:${server.port}`)
    const writer = await startProcess(connect(), options)
    const reader = await startProcess(connect(), options)
    await writer.recovered()
    await reader.recovered()
    await reader.stock()
    expect(await reader.status()).toBe('hit')
    return { admin, writer, reader }
  }

  describe.each(Object.entries(ways))('%s', (_, { refuse, allow }) => {
    it('is not read from: not by the writer, and at once not by others where each look-up asks', async () => {
      const { admin, writer, reader } = await twoProcesses({ connection: { writeCheckMs: 0 } })
      await refuse(admin)
      await writer.setStock(2)
      expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: false })
      expect(await writer.stock()).toBe(2)
      expect(await reader.stock()).toBe(2)
      expect(await reader.status()).toBe('store-unavailable')
      await allow(admin)
      await until('the delivery', isOk(writer))
      await reader.recovered()
      expect(await reader.stock()).toBe(2)
      expect(await reader.status()).toBe('hit')
    })

    it('is found out by whoever only reads before the write that was refused is acknowledged', async () => {
      const { admin, writer, reader } = await twoProcesses()
      await refuse(admin)
      await writer.setStock(2)
      for (let i = 0; i < 5; i += 1) expect(await reader.stock()).toBe(2)
      await allow(admin)
    })

    it('is found out by whoever reads copies that are pushed', async () => {
      const { admin, writer, reader } = await twoProcesses({ near: { coherence: 'push', heartbeatMs: 50 } })
      await refuse(admin)
      await writer.setStock(2)
      await reads(reader, 2)
      for (let i = 0; i < 5; i += 1) expect(await reader.stock()).toBe(2)
      await allow(admin)
    })
  })

  it('is found out in a cluster', { timeout: 60_000 }, async () => {
    const cluster = await startRedisCluster()
    atEnd(() => cluster.stop())
    const connect = () => {
      const client = new Cluster(cluster.addresses)
      client.on('error', () => {})
      atEnd(() => client.disconnect())
      return client as unknown as RedisClient
    }
    const connection = { writeCheckMs: 0 }
    const writer = await startProcess(connect(), { connection })
    const reader = await startProcess(connect(), { connection })
    await writer.recovered()
    await reader.recovered()
    await reader.stock()
    expect(await reader.status()).toBe('hit')
    for (const { admin } of cluster.nodes) await admin.config('SET', 'min-replicas-to-write', '1')
    await writer.setStock(2)
    expect(await reader.stock()).toBe(2)
    for (const { admin } of cluster.nodes) await admin.config('SET', 'min-replicas-to-write', '0')
    await until('the delivery', isOk(writer))
    await reader.recovered()
    expect(await reader.stock()).toBe(2)
  })
})

describe('a write after $cache.disconnect()', () => {
  it('is made, and that nobody could be told is an error, a line in the log, and counted', async () => {
    const server = await startServer()
    const lines: string[] = []
    const process = await startProcess(server.url, { logger: { warn: (line) => void lines.push(line) } })
    await process.recovered()
    await process.prisma.$cache.disconnect()
    await expect(process.setStock(2)).resolves.toMatchObject({ stock: 2 })
    expect(await process.stock()).toBe(2)
    const { tags } = process.of('invalidate').at(-1) as { tags: readonly string[] }
    expect(process.of('invalidate').at(-1)).toMatchObject({ delivered: false, isLost: true })
    expect(process.of('error').at(-1)).toMatchObject({ during: 'invalidate', error: expect.any(StoreUnavailableError) })
    expect(process.prisma.$cache.stats().store.lost).toBe(tags.length)
    await process.setStock(3)
    expect(lines.filter((line) => line.includes('after $cache.disconnect()'))).toHaveLength(1)
  })

  it('finds $cache refusing what it can do no more', async () => {
    const server = await startServer()
    const { prisma } = await startProcess(server.url)
    await prisma.$cache.ready()
    await prisma.$cache.disconnect()
    await expect(prisma.$cache.invalidate({ models: ['Product'] })).rejects.toThrow(StoreUnavailableError)
    await expect(prisma.$cache.invalidate({ pattern: '*' })).rejects.toThrow(StoreUnavailableError)
    await expect(prisma.$cache.clear()).rejects.toThrow(StoreUnavailableError)
    await expect(prisma.$cache.ready()).rejects.toThrow(StoreUnavailableError)
  })

  it('is told all the same where the application’s own client is still there', async () => {
    const server = await startServer()
    const writer = await startProcess(applicationClient(Redis, server.url))
    const other = await startProcess(server.url)
    await other.recovered()
    await other.stock()
    expect(await other.status()).toBe('hit')
    await writer.prisma.$cache.disconnect()
    await writer.setStock(2)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: true })
    expect(await other.stock()).toBe(2)
  })
})

describe('a cold process', () => {
  /** Nothing passes for longer than a query waits for a reply, once it has connected. */
  async function slowToConnect() {
    const server = await startServer()
    const proxy = await startProxy(server.port)
    const release = proxy.holdNew()
    onTestFinished(release)
    const opensLate = async () => {
      await until('the connection', async () => proxy.connections > 0)
      await sleep(3 * TIMEOUT_MS)
      release()
    }
    return { url: urlOf(proxy), opensLate }
  }
  const connection = { connectTimeoutMs: PATIENCE_MS }

  it.each(Object.entries(connections))(
    'waits for its connection: its first read is stored, through %s',
    async (_, of) => {
      const { url, opensLate } = await slowToConnect()
      const { status, of: events } = await startProcess(of(url), { connection })
      const [first] = await Promise.all([status(), opensLate()])
      expect(first).toBe('miss')
      expect(events('error')).toEqual([])
      expect(await status()).toBe('hit')
    },
  )

  it('has its first write invalidated at once', async () => {
    const { url, opensLate } = await slowToConnect()
    const { setStock, of } = await startProcess(url, { connection })
    await Promise.all([setStock(2), opensLate()])
    expect(of('invalidate')).toMatchObject([{ delivered: true }])
  })

  it('warms what it is told to', async () => {
    const { url, opensLate } = await slowToConnect()
    const warmers = [{ name: 'products', run: (prisma: Process['prisma']) => [prisma.product.findMany()] }]
    const { prisma } = await startProcess(url, { connection, warmers })
    const [outcomes] = await Promise.all([prisma.$cache.warm(), opensLate()])
    expect(outcomes).toMatchObject([{ state: 'end', done: 1 }])
  })

  it('is ready when it can read from the store', async () => {
    const { url, opensLate } = await slowToConnect()
    const { prisma, status } = await startProcess(url, { connection })
    await Promise.all([prisma.$cache.ready(), opensLate()])
    expect(await status()).toBe('miss')
    expect(await status()).toBe('hit')
  })

  it('is not ready where there is nobody, says so, and is when somebody comes', async () => {
    const server = await startServer()
    await server.kill()
    const { prisma, status } = await startProcess(server.url)
    await expect(prisma.$cache.ready({ timeout: 0.2 })).rejects.toThrow(StoreUnavailableError)
    const ready = prisma.$cache.ready({ timeout: PATIENCE_MS / 1000 })
    await server.restart()
    await ready
    expect(await status()).toBe('miss')
    await expect(prisma.$cache.ready({ timeout: -1 })).rejects.toThrow('ready.timeout')
  })
})

describe('an event loop that stands still', () => {
  const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

  it('is not taken for a server that does not answer', async () => {
    const server = await startServer()
    const { status, stock, setStock, recovered, of } = await startProcess(server.url, { timeoutMs: 20 })
    await recovered()
    await stock()
    for (let i = 0; i < 5; i += 1) {
      const read = status()
      // Its look-up has been sent by then.
      await Promise.resolve()
      process.nextTick(() => standStill(200))
      expect(await read).toBe('hit')
    }
    const write = setStock(2).then((row) => row)
    setImmediate(() => standStill(500))
    await write
    expect(of('invalidate').at(-1)).toMatchObject({ delivered: true })
    expect(of('error')).toEqual([])
  })

  it('does not end the feed of pushed versions', async () => {
    const server = await startServer()
    const near = { coherence: 'push', heartbeatMs: 40 } as const
    const { recovered, of } = await startProcess(server.url, { near })
    await recovered()
    for (let i = 0; i < 5; i += 1) {
      standStill(200)
      await sleep(1)
    }
    expect(of('error')).toEqual([])
  })
})

describe('what is said of it', () => {
  function logger() {
    const lines: string[] = []
    const log: CacheLogger = {
      warn: (line) => void lines.push(`warn ${line}`),
      info: (line) => void lines.push(`info ${line}`),
    }
    return { lines, log }
  }

  it('is a line when the store is lost, and one when it is back, without the password', async () => {
    const server = await startServer('--requirepass', 'secret')
    const { lines, log } = logger()
    const url = `redis://:secret@127.0.0.1:${server.port}`
    const { recovered, setStock, stock } = await startProcess(url, { logger: log })
    await recovered()
    expect(lines).toEqual([])
    await server.kill()
    await setStock(2)
    await stock()
    await until('the line', async () => lines.length > 0)
    await server.restart()
    await recovered()
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(`^warn prisma-extension-query-cache: redis at 127.0.0.1:${server.port} cannot be used: `),
      ),
      `info prisma-extension-query-cache: redis at 127.0.0.1:${server.port} is back, queries are cached again`,
    ])
    expect(lines.join()).not.toContain('secret')
    expect(lines.join()).not.toMatch(/maxRetriesPerRequest|retries/)
  })

  it('is printed where nobody said otherwise, and nowhere with false', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const redis = `redis://127.0.0.1:${await freePort()}`
    const silent = await startProcess(redis, { logger: false })
    await silent.stock()
    expect(warn).not.toHaveBeenCalled()
    const { stock } = await startProcess(redis, { logger: undefined })
    await stock()
    expect(warn.mock.calls).toEqual([[expect.stringContaining('cannot be used')]])
  })

  const impatient = (url: string) => {
    const client = new Redis(url, { maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false })
    client.on('error', () => {})
    atEnd(() => client.disconnect())
    return client as RedisClient
  }

  it.each(Object.entries({ ...connections, 'the client that the documentation shows': impatient }))(
    'has none of the words of ioredis, through %s',
    async (_, connection) => {
      const server = await startServer()
      const { recovered, setStock, stock, of } = await startProcess(connection(server.url))
      await recovered()
      const load = Promise.all(Array.from({ length: 20 }, () => stock()))
      await server.kill()
      await load
      await setStock(2)
      await until('a failed recovery', async () => of('error').some(({ during }) => during === 'recovery'))
      const told = of('error').map(({ error }) => String(error))
      expect(told.join('\n')).not.toMatch(/maxRetriesPerRequest|enableOfflineQueue|max retries|slots cache/)
    },
  )
})

describe('a process', () => {
  const SCRIPT = fileURLToPath(new URL('connection-process.ts', import.meta.url))

  function start(options: Pick<ConnectionProcessOptions, 'does' | 'redis' | 'disconnects' | 'near'>) {
    const all = { database: bed.database.url, prefix: freshNamespace(), ...options }
    const child = fork(SCRIPT, [JSON.stringify(all)], {
      execArgv: ['--import', 'tsx', '--expose-gc'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    atEnd(() => child.kill('SIGKILL'))
    return child
  }

  /** Takes connections, and never says a word. */
  async function silentServer(): Promise<string> {
    const server = createServer((socket) => void socket.on('error', () => {}))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    atEnd(() => void server.close())
    return urlOf(server.address() as { port: number })
  }

  const places: Record<string, () => Promise<string>> = {
    'nobody listens': async () => `redis://127.0.0.1:${await freePort()}`,
    'nobody answers': silentServer,
    'all is well': async () => (await startServer()).url,
  }
  for (const [place, redisAt] of Object.entries(places)) {
    for (const disconnects of [true, false]) {
      for (const near of [undefined, 'push'] as const) {
        const how = `${disconnects ? 'with' : 'without'} $disconnect, ${near ?? 'no copies'}`
        it(`ends by itself where ${place} (${how})`, { timeout: 60_000 }, async () => {
          const child = start({ does: 'one query', redis: await redisAt(), disconnects, ...(near && { near }) })
          const [code] = (await withTimeout(once(child, 'exit'), 'the end of the process')) as [number]
          expect(code).toBe(0)
        })
      }
    }
  }

  it.each([undefined, 'push'] as const)(
    'that makes a client a request has one connection and keeps none of the clients (%s)',
    {
      timeout: 60_000,
    },
    async (near) => {
      const server = await startServer()
      const admin = new Redis(server.url)
      atEnd(() => admin.disconnect())
      const child = start({ does: 'a client a request', redis: server.url, ...(near && { near }) })
      const [kept] = (await withTimeout(once(child, 'message'), 'the requests')) as [Kept]
      expect(kept.alive).toBeLessThan(10)
      const [first = 0, , , last = 0] = kept.heapBytes
      expect(last - first).toBeLessThan(5_000_000)
      const lines = () => otherConnections(admin)
      await until('the connections to be few', async () => (await lines()) < 20)
      child.send('go')
    },
  )

  it('whose client is disconnected has no connection, and has one again with its next query', async () => {
    const server = await startServer()
    const admin = new Redis(server.url)
    atEnd(() => admin.disconnect())
    const open = () => otherConnections(admin)
    for (const near of [undefined, 'push'] as const) {
      const { prisma, status, recovered } = await startProcess(server.url, { ...(near && { near }) })
      await recovered()
      expect(await open()).toBeGreaterThan(0)
      await prisma.$disconnect()
      await until('the connections to end', async () => (await open()) === 0)
      expect(await status(4)).toBe('hit')
      expect(await status(4)).toBe('hit')
      await prisma.$cache.disconnect()
    }
  })

  it('with many caches on one URL has one connection until the last is ended', async () => {
    const server = await startServer()
    const admin = new Redis(server.url)
    atEnd(() => admin.disconnect())
    const open = () => otherConnections(admin)
    const all = [await startProcess(server.url), await startProcess(server.url), await startProcess(server.url)]
    for (const one of all) await one.recovered()
    expect(await open()).toBe(1)
    const [first, ...others] = all as [Process, ...Process[]]
    for (const one of others) await one.prisma.$cache.disconnect()
    expect(await first.status(4)).toBe('hit')
    await first.prisma.$cache.disconnect()
    await until('the connection to end', async () => (await open()) === 0)
  })
})

/** How many connections a server has besides this one. */
async function otherConnections(admin: Redis): Promise<number> {
  const lines = String(await admin.call('CLIENT', 'LIST'))
    .trim()
    .split('\n')
  return lines.length - 1
}
