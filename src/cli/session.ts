import { httpTarget, TOKEN_VARIABLE } from './http-target.ts'
import { type Purpose, storeTarget } from './store-target.ts'
import { type GlobalOptions, loadEnvFile } from './surroundings.ts'
import type { Target } from './target.ts'
import { type Terminal, terminal } from './terminal.ts'

/** What a command is given: where to write, and what to work on. */
export interface Session {
  readonly terminal: Terminal
  readonly given: GlobalOptions
  /** Opened when it is first asked for. Without a purpose it may be changed. */
  readonly target: (purpose?: Purpose) => Target
}

/** Runs a command, and closes what it opened. @returns its exit code. */
export async function inSession(given: GlobalOptions, run: (session: Session) => Promise<number>): Promise<number> {
  loadEnvFile(given.env)
  let target: Target | undefined
  // The sockets of our Redis clients do not keep a process alive.
  const awake = setInterval(() => {}, 2 ** 30)
  try {
    return await run({
      given,
      terminal: terminal(given.json ?? false),
      target: (purpose = { looksOnly: false }) =>
        (target ??= given.url ? httpTarget(given.url, process.env[TOKEN_VARIABLE]) : storeTarget(given, purpose)),
    })
  } finally {
    clearInterval(awake)
    await target?.close().catch(() => {})
  }
}
