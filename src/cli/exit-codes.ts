/** What a command ended with, for scripts; told in `--help` and in docs/cli.md. */
export const EXIT = {
  ok: 0,
  /** The command ran and found something wrong: no such entry, a problem, a warmer that failed. */
  found: 1,
  /** Wrong arguments, a wrong config, or no yes where one is wanted. */
  usage: 2,
  /** The store or the admin API does not answer, or does not let us in. */
  unreachable: 3,
} as const

/** Ends the command with a message of one line, and what to do about it. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: number
  readonly fix: string | undefined

  constructor(exitCode: number, message: string, fix?: string) {
    super(message)
    this.exitCode = exitCode
    this.fix = fix
  }
}
