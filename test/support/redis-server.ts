import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { redisServerBinary } from './server-binaries.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/** A private Redis with an empty data set that is never written to disk. */
export interface RedisServer {
  readonly port: number
  readonly url: string
  /** Ends it without a farewell, as a crash would; connections break. */
  kill(): Promise<void>
  /** A new, empty server on the same port, ending the present one if it still runs. */
  restart(): Promise<void>
  /** Freezes it: connections stay open and are accepted, nothing is answered. */
  pause(): void
  resume(): void
  /** Ends it for good and removes its folder. */
  stop(): Promise<void>
}

export interface RedisServerOptions {
  /** More arguments for `redis-server`, e.g. `['--maxmemory', '4mb', '--maxmemory-policy', 'noeviction']`. */
  readonly args?: readonly string[]
  readonly port?: number
  /** Starts this instead, with its own settings: a script that ends in `exec redis-server … "$@"`. */
  readonly command?: readonly [program: string, ...args: string[]]
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const [program, ...before] = options.command ?? [await redisServerBinary()]
  const port = options.port ?? (await freePort())
  const folder = mkdtempSync(join(tmpdir(), 'query-cache-redis-'))
  const unwritten = options.command ? [] : ['--save', '', '--appendonly', 'no']
  const place = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', folder]
  const args = [...before, ...place, ...unwritten, ...(options.args ?? [])]
  const start = () => startServer({ program, args, folder, ready: () => answersPing(port) })

  let server: ServerProcess = await start().catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill: () => server.end('SIGKILL'),
    async restart() {
      await server.end('SIGKILL')
      server = await start()
    },
    pause: () => server.signal('SIGSTOP'),
    resume: () => server.signal('SIGCONT'),
    async stop() {
      await server.end('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Whether a server there answers anything at all: one that wants a password does so too, with an error. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'))
    socket.setTimeout(1000)
    const answer = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.once('data', (data) => answer(!data.toString().startsWith('-LOADING')))
    socket.once('error', () => answer(false))
    socket.once('timeout', () => answer(false))
    socket.once('close', () => answer(false))
  })
}
