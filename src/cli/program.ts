import { Command, InvalidArgumentError } from 'commander'
import { advise } from './commands/advise.ts'
import { clear } from './commands/clear.ts'
import { doctor } from './commands/doctor.ts'
import { get } from './commands/get.ts'
import { init } from './commands/init.ts'
import { invalidate } from './commands/invalidate.ts'
import { keys } from './commands/keys.ts'
import { type MigrateOptions, migrate } from './commands/migrate.ts'
import { stats } from './commands/stats.ts'
import { warm } from './commands/warm.ts'
import { inSession, type Session } from './session.ts'
import type { GlobalOptions } from './surroundings.ts'

const EXIT_CODES = `
Exit codes:
  0  done
  1  found a problem: no such entry, an error of doctor, a warmer that failed
  2  wrong arguments or config, or a confirmation that was not given
  3  the store or the admin API does not answer, or rejects the credentials

Data goes to stdout, everything else to stderr. Docs: docs/cli.md`

/** The commands. `done` is told the exit code of the one that ran. */
export function program(version: string, done: (exitCode: number) => void): Command {
  const root = new Command('prisma-extension-query-cache')
    .description(
      'Inspects and changes the cache of prisma-extension-query-cache that cache.config.* and REDIS_URL name here.',
    )
    .version(version)
    .option('--json', 'print JSON')
    .option('--config <file>', 'the config file (default: cache.config.* in this directory)')
    .option('--redis <url>', 'the Redis URL (default: from the config, or REDIS_URL)')
    .option('--prefix <prefix>', 'the prefix of the keys (default: from the config)')
    .option('--schema <path>', 'the Prisma schema, a file or a folder (default: where Prisma looks for it)')
    .option('--env <file>', 'read environment variables from a file')
    .option('--url <url>', 'ask a process through its admin API, with the token in CACHE_ADMIN_TOKEN')
    .addHelpText(
      'after',
      `
Examples:
  $ npx prisma-extension-query-cache doctor
  $ npx prisma-extension-query-cache stats --watch
  $ npx prisma-extension-query-cache keys 'User:*' --all | wc -l
  $ npx prisma-extension-query-cache invalidate --model User --yes
${EXIT_CODES}`,
    )

  /** A command whose action is given a session, and answers with an exit code. */
  const add = <Options>(
    signature: string,
    description: string,
    examples: readonly string[],
    options: (command: Command) => Command,
    action: (args: readonly (string | undefined)[], options: Options, session: Session) => Promise<number>,
  ) => {
    const command = options(root.command(signature).description(description))
    const shown = examples.map((example) => `  $ npx prisma-extension-query-cache ${example}`).join('\n')
    command.addHelpText('after', `\nExamples:\n${shown}`)
    command.action(async () => {
      const given = command.optsWithGlobals<GlobalOptions & Options>()
      done(await inSession(given, (session) => action(command.args, given, session)))
    })
  }

  add<Parameters<typeof stats>[0]>(
    'stats',
    'shows counts: of a process (--url), or of what is in the store',
    ['stats', 'stats --watch 5', 'stats --url http://localhost:9090 --json | jq .stats.hitRatio'],
    (command) =>
      command
        .option('--watch [seconds]', 'repeat every so many seconds (2)', seconds)
        .option('--max-keys <count>', 'look at this many keys at most', count, 100_000),
    (_, options, session) => stats(options, session),
  )
  add<object>(
    'advise',
    'shows for which reads caching pays in a process (--url), for which not, and why',
    ['advise --url http://localhost:9090', "advise --url http://localhost:9090 --json | jq '.forms[].verdict'"],
    (command) => command,
    (_args, _options, session) => advise(session),
  )
  add<Parameters<typeof keys>[1]>(
    'keys [pattern]',
    'lists keys of entries, one per line; the pattern is a glob without the prefix',
    ["keys 'User:findMany:*'", 'keys --all | wc -l', 'keys --limit 10 --json'],
    (command) =>
      command
        .option('--limit <count>', 'stop after about this many', count, 100)
        .option('--cursor <cursor>', 'continue where the last page ended')
        .option('--all', 'all of them'),
    ([pattern], options, session) => keys(pattern, options, session),
  )
  add<Parameters<typeof get>[1]>(
    'get <key>',
    'shows one entry: its age, size and tags; its value with --value',
    ['get User:findMany:@front-page', 'get "$(npx prisma-extension-query-cache keys --limit 1)" --value'],
    (command) => command.option('--value', 'show the value, cut to the size of a screen'),
    ([key = ''], options, session) => get(key, options, session),
  )
  add<Parameters<typeof invalidate>[0]>(
    'invalidate',
    'invalidates what is named; no read that starts afterwards sees the old state',
    [
      'invalidate --tag catalog',
      'invalidate --model User --model Post --yes',
      "invalidate --pattern 'User:findMany:*' --yes",
      'invalidate --tag catalog --soft --grace 60',
    ],
    (command) =>
      command
        .option('--tag <tag...>', 'tags of your own')
        .option('--model <model...>', 'models, with everything that depends on them')
        .option('--key <key...>', 'entries')
        .option('--pattern <glob>', 'entries by a glob over their keys; scans all of them')
        .option('--namespace <name>', 'a namespace of your own')
        .option('--soft', 'serve old entries as stale while they are renewed')
        .option('--grace <seconds>', 'for how long at most, with --soft', seconds)
        .option('-y, --yes', 'do not ask'),
    (_, options, session) => invalidate(options, session),
  )
  add<Parameters<typeof clear>[0]>(
    'clear',
    'removes every entry and tag of the prefix, and nothing else',
    ['clear', 'clear --prefix shop: --yes'],
    (command) => command.option('-y, --yes', 'do not ask'),
    (_, options, session) => clear(options, session),
  )
  add<Parameters<typeof warm>[1]>(
    'warm [names...]',
    "runs warmers, with the application's client",
    ['warm --all', 'warm front-page --client ./src/db.ts', 'warm --all --url http://localhost:9090'],
    (command) =>
      command
        .option('--all', 'all warmers')
        .option(
          '--client <module>',
          'the module that exports the cached client (default: `client` of the config file)',
        ),
    (names, options, session) => warm(names as readonly string[], options, session),
  )
  add<Parameters<typeof doctor>[0]>(
    'doctor',
    'checks the config, the store and its entries, and says what to do',
    ['doctor', 'doctor --client ./src/db.ts', 'doctor --strict --json', 'doctor --fix'],
    (command) =>
      command
        .option('--client <module>', 'look at the options of the cached client that this module exports')
        .option('--fix', 'remove keys of the cache that never expire')
        .option('-y, --yes', 'do not ask before removing')
        .option('--strict', 'exit with 1 for warnings, too')
        .option('--max-keys <count>', 'look at this many keys at most', count, 100_000),
    (_, options, session) => doctor(options, session),
  )
  add<Parameters<typeof init>[0]>(
    'init',
    'writes a typed cache.config.ts from the Prisma schema',
    ['init', 'init --schema prisma/schema --prefix shop:'],
    (command) =>
      command
        .option('--output <file>', 'the file to write', 'cache.config.ts')
        .option('--force', 'overwrite an existing file'),
    (_, options, session) => init(options, session),
  )
  add<MigrateOptions>(
    'migrate <from> [path]',
    'rewrites calls of another cache, accelerate or redis (prisma-extension-redis), to those of this package',
    ['migrate accelerate --dry', 'migrate accelerate src', 'migrate redis src --dry'],
    (command) => command.option('--dry', 'print what would change, as a diff, and change nothing'),
    ([from, path], options, session) => migrate(from, path, options, session),
  )
  return root
}

function seconds(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value > 0 && value <= 315_360_000) return value
  throw new InvalidArgumentError('Give seconds.')
}

function count(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Give a whole number above 0.')
}
