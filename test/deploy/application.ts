import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { eventually } from '../support/with-timeout.ts'
import { container, PASSWORD, serviceOf, TOKEN } from './files.ts'
import { commandOf, type Image } from './image.ts'

/** Begins what the cache's own `logger` says when Redis is lost, and when it is back. */
const LOGGED = 'prisma-extension-query-cache: '

export interface Application {
  readonly url: string
  readonly operations: string
  readonly databaseUrl: string
  signal(name: NodeJS.Signals): void
  /** How it ended, and the lines of its log. */
  readonly ended: Promise<{ readonly code: number | null; readonly log: readonly Record<string, unknown>[] }>
  ready(): Promise<Readiness>
  /** Resolves when it says so of itself. */
  until(is: (ready: Readiness) => boolean, what: string): Promise<Readiness>
  /** Kills it if it is still there, and removes what it had on disk. */
  remove(): Promise<void>
}

export interface Readiness {
  readonly status: number
  readonly ending: boolean
  readonly database: string
  readonly cache: string
  readonly undelivered: number
}

/** The image's command as `compose.yml` runs it: its environment, its secrets, on ports that are free. */
export async function startApplication(image: Image, env: Readonly<Record<string, string>>): Promise<Application> {
  const place = container()
  place.write('/run/secrets/redis_password', `${PASSWORD}\n`)
  place.write('/run/secrets/admin_token', `${TOKEN}\n`)
  const { environment = {} } = serviceOf('app')
  const [program = '', ...args] = commandOf('CMD')
  const child: ChildProcess = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: image.folder,
    env: {
      PATH: process.env['PATH'],
      ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, place.here(value)])),
      HOST: '127.0.0.1',
      PORT: '0',
      OPERATIONS_PORT: '0',
      ...env,
    },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk))
  const lines = () => output.split('\n').filter((line) => line.startsWith('{'))
  const exited = once(child, 'close')
  const ended = exited.then(([code]) => {
    // What is no line of its log is a fault that nobody caught.
    const isKnown = (line: string) => line === '' || line.startsWith('{') || line.startsWith(LOGGED)
    if (!output.split('\n').every(isKnown)) throw new Error(output)
    return { code: code as number | null, log: lines().map((line) => JSON.parse(line)) }
  })
  ended.catch(() => {})
  const remove = async () => {
    child.kill('SIGKILL')
    await exited
    place.remove()
  }

  try {
    const { port, operationsPort } = await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`the application ended with ${child.exitCode}\n${output}`)
      const [first] = lines()
      return first === undefined ? undefined : JSON.parse(first)
    }, 'the start of the application')
    const operations = `http://127.0.0.1:${operationsPort}`
    const ready = async (): Promise<Readiness> => {
      const response = await fetch(`${operations}/health/ready`)
      return { status: response.status, ...((await response.json()) as Omit<Readiness, 'status'>) }
    }
    return {
      url: `http://127.0.0.1:${port}`,
      operations,
      databaseUrl: place.here(environment['DATABASE_URL'] ?? ''),
      signal: (name) => void child.kill(name),
      ended,
      ready,
      until: (is, what) =>
        eventually(async () => {
          const now = await ready()
          return is(now) ? now : undefined
        }, what),
      remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}
