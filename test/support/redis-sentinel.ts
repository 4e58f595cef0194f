import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from './free-port.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { redisServerBinary } from './server-binaries.ts'
import { startServer } from './server-process.ts'
import { eventually } from './with-timeout.ts'

/** A master, its replica, and the Sentinels that watch over them, on loopback. */
export interface RedisSentinel {
  /** What an ioredis client is made with: `new Redis(sentinel.options)`. */
  readonly options: { readonly sentinels: { readonly host: string; readonly port: number }[]; readonly name: string }
  /** As they were at the start. */
  readonly master: WatchedServer
  readonly replica: WatchedServer
  /** Resolves when the Sentinels lead to the replica, and it takes writes. */
  promoted(): Promise<void>
  /** What the master acknowledges from now on does not reach the replica, until the function that comes back is called. */
  cutReplication(): Promise<() => Promise<void>>
  stop(): Promise<void>
}

interface WatchedServer extends RedisServer {
  /** A connection past the cache. */
  readonly admin: Redis
}

const HOST = '127.0.0.1'
const NAME = 'cache'

export async function startSentinel({ sentinels = 3, downAfterMs = 500 } = {}): Promise<RedisSentinel> {
  const endings: (() => unknown)[] = []
  const stop = async () => {
    for (const end of endings.splice(0).reverse()) await end()
  }
  const adminOf = (port: number) => {
    const admin = new Redis(port, HOST, { retryStrategy: () => 50 })
    admin.on('error', () => {})
    endings.push(() => admin.disconnect())
    return admin
  }
  const startWatched = async (...args: string[]): Promise<WatchedServer> => {
    const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0', ...args] })
    endings.push(() => server.stop())
    return { ...server, admin: adminOf(server.port) }
  }
  try {
    const master = await startWatched()
    const replica = await startWatched('--replicaof', HOST, `${master.port}`)
    await eventually(
      async () => /^master_link_status:up/m.test(await replica.admin.info('replication')) || undefined,
      'the replica to have its data',
    )
    const watchers = await startWatchers(sentinels, master, downAfterMs)
    endings.push(watchers.stop)
    const first = adminOf(watchers.ports[0] as number)
    const masterPort = async () => {
      const [, port] = (await first.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as [string, string]
      return Number(port)
    }
    for (const port of watchers.ports) await knowsReplica(adminOf(port))
    return {
      options: { sentinels: watchers.ports.map((port) => ({ host: HOST, port })), name: NAME },
      master,
      replica,
      async promoted() {
        const isPromoted = async () => {
          const [role] = (await replica.admin.call('ROLE')) as [string]
          return (role === 'master' && (await masterPort()) === replica.port) || undefined
        }
        await eventually(isPromoted, 'the promotion of the replica')
      },
      async cutReplication() {
        // A password the master does not have: the replica cannot come back.
        await replica.admin.config('SET', 'masterauth', 'wrong')
        await master.admin.call('CLIENT', 'KILL', 'TYPE', 'replica')
        return async () => void (await replica.admin.config('SET', 'masterauth', ''))
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Sentinels that know each other from the start; to find each other would take them seconds. */
async function startWatchers(count: number, { port: masterPort }: RedisServer, downAfterMs: number) {
  const program = await redisServerBinary()
  const ports: number[] = []
  while (ports.length < count) {
    const port = await freePort()
    if (!ports.includes(port)) ports.push(port)
  }
  const ids = ports.map((port) => `${port}`.padStart(40, '0'))
  const starting = await Promise.allSettled(
    ports.map(async (port, i) => {
      const folder = mkdtempSync(join(tmpdir(), 'query-cache-sentinel-'))
      const file = join(folder, 'sentinel.conf')
      const quorum = Math.floor(count / 2) + 1
      const lines = [
        `bind ${HOST}`,
        `port ${port}`,
        `dir ${folder}`,
        `sentinel myid ${ids[i]}`,
        `sentinel monitor ${NAME} ${HOST} ${masterPort} ${quorum}`,
        `sentinel down-after-milliseconds ${NAME} ${downAfterMs}`,
        `sentinel failover-timeout ${NAME} 3000`,
        ...ports.flatMap((other, n) =>
          other === port ? [] : [`sentinel known-sentinel ${NAME} ${HOST} ${other} ${ids[n]}`],
        ),
      ]
      writeFileSync(file, `${lines.join('\n')}\n`)
      try {
        const server = await startServer({
          program,
          args: [file, '--sentinel'],
          folder,
          ready: () => answers(port),
        })
        return async () => {
          await server.end('SIGKILL')
          rmSync(folder, { recursive: true, force: true })
        }
      } catch (error) {
        rmSync(folder, { recursive: true, force: true })
        throw error
      }
    }),
  )
  const ends = starting.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = () => Promise.all(ends.map((end) => end()))
  const failed = starting.find((result) => result.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  return { ports, stop }
}

async function answers(port: number): Promise<boolean> {
  const probe = new Redis(port, HOST, { lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  probe.on('error', () => {})
  try {
    await probe.connect()
    return (await probe.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    probe.disconnect()
  }
}

async function knowsReplica(sentinel: Redis): Promise<void> {
  const isKnown = async () => {
    const replicas = (await sentinel.call('SENTINEL', 'REPLICAS', NAME)) as string[][]
    const fields = replicas[0] ?? []
    const field = (name: string) => fields[fields.indexOf(name) + 1]
    return (fields.length > 0 && field('flags') === 'slave' && field('master-link-status') === 'ok') || undefined
  }
  await eventually(isKnown, 'a Sentinel to know the replica')
}
