import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { runProgram } from './run-program.ts'
import { postgresFolder } from './server-binaries.ts'
import { startServer } from './server-process.ts'

/** A private PostgreSQL that forgets everything when it is stopped. */
export interface PostgresServer {
  readonly port: number
  url(database: string): string
  stop(): Promise<void>
}

/** Durability is switched off: nothing here outlives the test run, and a test waits for every commit. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  logging_collector: 'off',
}

export async function startPostgres(): Promise<PostgresServer> {
  const binaries = await postgresFolder()
  const user = unprivilegedUser()
  const folder = mkdtempSync(join(tmpdir(), 'query-cache-postgres-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    if (user) chownSync(folder, user.uid, user.gid)
    const data = join(folder, 'data')
    await runProgram(
      join(binaries, 'initdb'),
      ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
      { cwd: folder, ...user },
    )
    const port = await freePort()
    const url = (database: string) => `postgresql://postgres@127.0.0.1:${port}/${database}`
    const server = await startServer({
      program: join(binaries, 'postgres'),
      args: [
        '-D',
        data,
        '-p',
        `${port}`,
        ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
      ],
      folder,
      user,
      ready: () => accepts(url('postgres')),
    })
    return {
      port,
      url,
      async stop() {
        // Fast shutdown: connections that a test left open do not hold it up.
        await server.end('SIGINT')
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function accepts(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1000 })
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

/** PostgreSQL refuses to run as root; there, it runs as whoever its package made for it, else as nobody. */
function unprivilegedUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8', stdio: 'pipe' }))
      return { uid: id('-u'), gid: id('-g') }
    } catch {}
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody to run it as')
}
