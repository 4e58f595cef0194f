import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** The program of a Redis server, from PATH or the usual folders; installed first on Debian where we may. */
export function redisServerBinary(): Promise<string> {
  return find(
    'redis-server',
    () => inFolders('redis-server', ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']),
    'redis-server',
  )
}

/** Chromium or Chrome, which pages are tested in. */
export function chromiumBinary(): Promise<string> {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  const usual = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin', '/Applications/Google Chrome.app/Contents/MacOS']
  const look = () =>
    process.env['CHROMIUM_PATH'] ??
    [...names, 'Google Chrome'].map((name) => inFolders(name, usual)).find((path) => path !== undefined)
  return find('Chromium', look, 'chromium')
}

/** The program that checks rules of Prometheus; `undefined` where it is not, and may not be installed. */
export function promtoolBinary(): Promise<string | undefined> {
  return find('promtool', () => inFolders('promtool', ['/usr/bin', '/usr/local/bin']), 'prometheus').catch(
    () => undefined,
  )
}

/** The folder that holds `initdb` and `postgres` of one and the same version. */
export function postgresFolder(): Promise<string> {
  return find('PostgreSQL (initdb, postgres)', () => postgresFolders().find(holdsPostgres), 'postgresql')
}

/** The programs that make a data directory of MariaDB and serve it. */
export async function mariadbPrograms(): Promise<{ readonly install: string; readonly server: string }> {
  const usual = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']
  const program = (name: string) => find(name, () => inFolders(name, usual), 'mariadb-server')
  return { install: await program('mariadb-install-db'), server: await program('mariadbd') }
}

const ON_MACOS: Record<string, string> = {
  postgresql: 'postgresql@17',
  'mariadb-server': 'mariadb',
  'redis-server': 'redis',
  chromium: '--cask google-chrome',
  prometheus: 'prometheus',
}

let installing: Promise<unknown> = Promise.resolve()

async function find(what: string, look: () => string | undefined, debianPackage: string): Promise<string> {
  const found = look()
  if (found) return found
  const aptGet = inFolders('apt-get', ['/usr/bin'])
  if (aptGet && process.getuid?.() === 0) {
    process.stderr.write(`${what} not found: installing the Debian package ${debianPackage}\n`)
    // One after the other: apt-get refuses to run twice at a time.
    const turn = installing.then(() => aptInstall(aptGet, debianPackage))
    installing = turn.catch(() => {})
    await turn
    const installed = look()
    if (installed) return installed
  }
  throw new Error(
    `${what} was found neither in PATH nor in the usual folders. The tests start a private one of their own and ` +
      `need its program: install it with your package manager (Debian, Ubuntu: apt-get install ${debianPackage}; ` +
      `macOS: brew install ${ON_MACOS[debianPackage]}) or put it into PATH.`,
  )
}

async function aptInstall(aptGet: string, debianPackage: string): Promise<void> {
  // Run level 1 keeps the package from starting a service of its own; the tests start what they need.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const run = (...args: string[]) => promisify(execFile)(aptGet, args, { env, maxBuffer: 1 << 26 })
  try {
    await run('update')
    await run('install', '--yes', '--no-install-recommends', debianPackage)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`apt-get could not install ${debianPackage}\n${stdout}${stderr}`, { cause: error })
  }
}

function postgresFolders(): string[] {
  const inPath = inFolders('initdb', [])
  return [
    // The real place: a link to initdb alone, in a folder without postgres, is of no use to initdb.
    ...(inPath ? [dirname(realpathSync(inPath))] : []),
    ...versions('/usr/lib/postgresql', (version) => `${version}/bin`),
    ...versions('/usr', (name) => (name.startsWith('pgsql-') ? `${name}/bin` : undefined)),
    ...['/opt/homebrew/opt', '/usr/local/opt'].flatMap((folder) =>
      versions(folder, (name) => (name.startsWith('postgresql') ? `${name}/bin` : undefined)),
    ),
    '/usr/local/pgsql/bin',
  ]
}

function holdsPostgres(folder: string): boolean {
  return isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres'))
}

/** Sub-folders that `pick` names, newest version first. */
function versions(folder: string, pick: (name: string) => string | undefined): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map(pick)
    .filter((path) => path !== undefined)
    .map((path) => join(folder, path))
}

function inFolders(program: string, usual: readonly string[]): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...usual]
  return folders
    .filter(Boolean)
    .map((folder) => join(folder, program))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
