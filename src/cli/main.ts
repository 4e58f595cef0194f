#!/usr/bin/env node
import { createRequire } from 'node:module'
import { CommanderError } from 'commander'
import { CliError, EXIT } from './exit-codes.ts'
import { program } from './program.ts'
import { terminal } from './terminal.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { readonly version: string }

/** A reader that has enough closes the pipe; that is no fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.ok)
  throw error
})

async function main(): Promise<number> {
  let exitCode: number = EXIT.ok
  try {
    const commands = program(version, (code) => {
      exitCode = code
    })
    for (const command of [commands, ...commands.commands]) command.exitOverride()
    await commands.parseAsync()
    return exitCode
  } catch (error) {
    return failed(error)
  }
}

// What an application's config or client has opened must not keep us.
main().then((exitCode) => process.stdout.write('', () => process.exit(exitCode)))

function failed(error: unknown): number {
  // Told already, help and version too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  const { note, paintNote } = terminal(false)
  const say = (message: string, fix?: string) => {
    note(`${paintNote('red', 'error:')} ${message}`)
    if (fix) note(fix)
  }
  if (error instanceof CliError) {
    say(error.message, error.fix)
    return error.exitCode
  }
  // By name: the application's client may come with another copy of this package, as CommonJS say.
  const { name, message } = error as Error
  if (name === 'CacheConfigError') {
    say(message)
    return EXIT.usage
  }
  if (name === 'StoreUnavailableError') {
    say(message, 'Is Redis running, and reachable from here?')
    return EXIT.unreachable
  }
  const [first = '', ...stack] = (error instanceof Error ? (error.stack ?? error.message) : String(error)).split('\n')
  say(first)
  for (const line of stack) note(line)
  return EXIT.found
}
