import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { guardAgainstOrphan } from './orphan-guard.ts'
import { eventually } from './with-timeout.ts'

export interface ServerProcess {
  signal(name: NodeJS.Signals): void
  /** Sends the signal and resolves when the process is gone; at once if it already is. */
  end(name: NodeJS.Signals): Promise<void>
}

export interface ServerCommand {
  readonly program: string
  readonly args: readonly string[]
  /** Temporary folder of this server: working directory, place of its log, removed should this process die. */
  readonly folder: string
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
  /** Answers true once the server does. */
  readonly ready: () => Promise<boolean>
}

/** Starts a server and resolves when it answers; rejects with its log when it does not. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const { program, args, folder, user, ready } = command
  const logFile = join(folder, 'server.log')
  const log = openSync(logFile, 'a')
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', log, log], ...user })
  closeSync(log)
  const exited = once(child, 'exit').catch((error: unknown) => {
    throw new Error(`${program} could not be started`, { cause: error })
  })
  exited.catch(() => {})
  // A test file that forgets to stop its server must still be able to end.
  child.unref()
  const guard = child.pid === undefined ? undefined : guardAgainstOrphan(folder, child.pid)

  const end = async (name: NodeJS.Signals) => {
    child.ref()
    if (isRunning(child)) child.kill(name)
    await exited
    guard?.release()
  }
  try {
    await eventually(async () => {
      if (!isRunning(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
      return (await ready()) || undefined
    }, `the start of ${program}`)
  } catch (error) {
    if (child.pid === undefined) await exited
    await end('SIGKILL')
    throw new Error(`${program} ${args.join(' ')} did not start\n${readFileSync(logFile, 'utf8').slice(-4000)}`, {
      cause: error,
    })
  }
  return { signal: (name) => void child.kill(name), end }
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}
