import { lineOf, ownError } from '../../errors.ts'
import { type AppClient, appClient, endClient, type WarmOutcome } from '../app-client.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { httpTarget, TOKEN_VARIABLE } from '../http-target.ts'
import { ProgressBars } from '../progress-bars.ts'
import type { Session } from '../session.ts'
import { countText, table, timeText } from '../table.ts'

export interface WarmOptions {
  readonly all?: boolean
  readonly client?: string
}

/** Warms by name, or all there is, and shows how far it is. */
export async function warm(names: readonly string[], { all, client }: WarmOptions, session: Session): Promise<number> {
  const { terminal, given } = session
  if (names.length === 0 && !all) throw new CliError(EXIT.usage, 'no warmer was named', 'Name some, or use `--all`.')
  if (names.length > 0 && all) throw new CliError(EXIT.usage, 'names and `--all` exclude each other')
  const outcomes = given.url
    ? await httpTarget(given.url, process.env[TOKEN_VARIABLE]).warm(names)
    : await withClient(await appClient(client, given), names, session)
  if (terminal.isJson)
    terminal.printJson(
      outcomes.map(({ error, ...outcome }) => ({
        ...outcome,
        ...(error !== undefined && { error: messageOf(error) }),
      })),
    )
  else for (const line of lines(outcomes)) terminal.print(line)
  return outcomes.some(isBad) ? EXIT.found : EXIT.ok
}

async function withClient(
  client: AppClient,
  names: readonly string[],
  session: Session,
): Promise<readonly WarmOutcome[]> {
  const bars = session.terminal.isJson || !process.stderr.isTTY ? undefined : new ProgressBars(process.stderr)
  const off = client.$cache.on('warm', (event) => bars?.show(event))
  try {
    if (names.length === 0) return await client.$cache.warm()
    const outcomes: WarmOutcome[] = []
    for (const name of names) outcomes.push(...(await client.$cache.warm(name)))
    return outcomes
  } finally {
    off()
    bars?.end()
    await endClient(client)
  }
}

function lines(outcomes: readonly WarmOutcome[]): string[] {
  const rows = outcomes.map(({ name, state, reason, error, queried, fresh, ms }) => [
    name,
    reason ? `${state}: ${reason}` : error === undefined ? state : `${state}: ${messageOf(error)}`,
    countText(queried),
    countText(fresh),
    timeText(ms),
  ])
  return table(['warmer', 'state', '>stored', '>fresh', '>took'], rows)
}

function isBad({ state, reason }: WarmOutcome): boolean {
  return state === 'error' || reason === 'unavailable'
}

const messageOf = (error: unknown) => lineOf(ownError(error))
