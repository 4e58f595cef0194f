import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { withConnection } from './provider.ts'
import { runProgram } from './run-program.ts'
import { mariadbPrograms } from './server-binaries.ts'
import { startServer } from './server-process.ts'

/** A private MariaDB that forgets everything when it is stopped. */
export interface MariadbServer {
  readonly port: number
  url(database: string): string
  stop(): Promise<void>
}

/** Durability is switched off: nothing here outlives the test run, and a test waits for every commit. */
const settings = {
  'innodb-flush-method': 'nosync',
  'innodb-flush-log-at-trx-commit': '0',
  'innodb-doublewrite': '0',
  'innodb-log-file-size': '16M',
  'innodb-buffer-pool-size': '64M',
  'performance-schema': 'off',
  'max-connections': '1000',
  'bind-address': '127.0.0.1',
  'skip-name-resolve': 'on',
}

export async function startMariadb(): Promise<MariadbServer> {
  const programs = await mariadbPrograms()
  const folder = mkdtempSync(join(tmpdir(), 'query-cache-mariadb-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  // MariaDB refuses to run as root unless it is told to.
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  const data = `--datadir=${join(folder, 'data')}`
  // A server that starts removes the temporary tables it finds in its folder for them: in a shared one, those of others.
  const temporary = `--tmpdir=${folder}`
  try {
    await runProgram(
      programs.install,
      ['--no-defaults', ...user, data, temporary, '--auth-root-authentication-method=normal', '--skip-test-db'],
      { cwd: folder },
    )
    const port = await freePort()
    const url = (database: string) => `mariadb://root@127.0.0.1:${port}/${database}`
    const server = await startServer({
      program: programs.server,
      args: [
        '--no-defaults',
        ...user,
        data,
        temporary,
        `--port=${port}`,
        `--socket=${join(folder, 'socket')}`,
        ...Object.entries(settings).map(([key, value]) => `--${key}=${value}`),
      ],
      folder,
      ready: () => accepts(url('mysql')),
    })
    return {
      port,
      url,
      async stop() {
        await server.end('SIGKILL')
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

async function accepts(url: string): Promise<boolean> {
  try {
    await withConnection('mysql', url, (connection) => connection.executeScript('SELECT 1'))
    return true
  } catch {
    return false
  }
}
