import type { StoreInfo } from '../../control/cache-control.ts'
import type { CacheCounts } from '../../control/stats.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { bytesText, countText, shareText, table, timeText } from '../table.ts'
import type { ProcessStats, Target } from '../target.ts'
import type { Terminal } from '../terminal.ts'

export interface StatsOptions {
  /** Seconds; `true`: two. */
  readonly watch?: number | true
  readonly maxKeys: number
}

/** What lies in the store by model and operation, as far as it was looked at. */
interface Census {
  readonly entries: number
  readonly complete: boolean
  readonly models: { readonly [model: string]: { readonly [operation: string]: number } }
}

interface Answer extends Partial<ProcessStats> {
  readonly info: StoreInfo
  readonly census?: Census
}

/** Prints statistics: of a process through its admin API, else what the store itself shows. */
export async function stats({ watch, maxKeys }: StatsOptions, session: Session): Promise<number> {
  const { terminal } = session
  const target = session.target({ looksOnly: true })
  if (watch === undefined) {
    show(await gathered(target, maxKeys), target, terminal)
    return EXIT.ok
  }
  let before: Answer | undefined
  for (;;) {
    const now = await gathered(target, maxKeys)
    // Where it is seen live the new takes the place of the old; a file has one line a time.
    if (!terminal.isJson) terminal.clear()
    show(now, target, terminal, before)
    before = now
    await new Promise((resolve) => setTimeout(resolve, 1000 * (watch === true ? 2 : watch)))
  }
}

async function gathered(target: Target, maxKeys: number): Promise<Answer> {
  const info = await target.info()
  const silent = info.servers.find(({ error }) => error !== null)
  if (silent && info.servers.every(({ error }) => error !== null)) {
    throw new CliError(EXIT.unreachable, `${silent.address} does not answer: ${silent.error}`)
  }
  if (target.stats) return { ...(await target.stats()), info }
  return { info, census: await census(target, maxKeys) }
}

async function census(target: Target, maxKeys: number): Promise<Census> {
  const models: Record<string, Record<string, number>> = Object.create(null)
  let entries = 0
  let cursor: string | null = null
  do {
    const page = await target.keyPage({ limit: 1000, cursor })
    for (const key of page.keys) {
      const [, model = 'values', operation = 'data'] = /query:([^:]*):([^:]*):/.exec(key) ?? []
      const ofModel = (models[model] ??= Object.create(null) as Record<string, number>)
      ofModel[operation] = (ofModel[operation] ?? 0) + 1
      entries += 1
    }
    cursor = page.cursor
  } while (cursor !== null && entries < maxKeys)
  return { entries, complete: cursor === null, models }
}

function show(answer: Answer, target: Target, terminal: Terminal, before?: Answer): void {
  if (terminal.isJson) return terminal.printJson(answer)
  const { paint } = terminal
  terminal.note(terminal.paintNote('dim', target.name))
  if (answer.stats) for (const line of processLines(answer as ProcessStats, terminal, before)) terminal.print(line)
  if (answer.census) {
    const { entries, complete, models } = answer.census
    const rows = Object.entries(models)
      .flatMap(([model, operations]) => Object.entries(operations).map(([name, count]) => ({ model, name, count })))
      .sort((one, other) => other.count - one.count)
      .map(({ model, name, count }) => [`${model}.${name}`, countText(count)])
    const [head = '', ...lines] = table(
      ['entries stored, invalidated ones too', '>count'],
      [...rows, [complete ? 'all' : 'at least', countText(entries)]],
    )
    for (const line of [paint('bold', head), ...lines, '']) terminal.print(line)
  }
  for (const line of storeLines(answer.info, terminal)) terminal.print(line)
}

const COLUMNS = ['hit', 'stale', 'miss', 'bypass', 'fill', 'invalidate', 'error'] as const

function processLines({ process, stats }: ProcessStats, { paint }: Terminal, before?: Answer): string[] {
  const { totals, hitRatio, models, store } = stats
  const since = (counts: CacheCounts, earlier: CacheCounts | undefined) =>
    COLUMNS.map((name) => {
      const more = earlier ? counts[name] - earlier[name] : 0
      return countText(counts[name]) + (more > 0 ? ` +${countText(more)}` : '')
    })
  const rows = Object.entries(models).flatMap(([model, operations]) =>
    Object.entries(operations).map(([operation, counts]) => [
      `${model}.${operation}`,
      ...since(counts, before?.stats?.models[model]?.[operation]),
      shareText(ratioOf(counts)),
    ]),
  )
  const all = ['all', ...since(totals, before?.stats?.totals), shareText(hitRatio)]
  const [head = '', ...lines] = table(['', ...COLUMNS.map((name) => `>${name}`), '>hit ratio'], [...rows.sort(), all])
  const state = store.state === 'ok' ? paint('green', 'ok') : paint('red', store.state)
  return [
    `process ${process.pid}, up ${timeText(1000 * process.upSeconds)}, node ${process.node}; the store is ${state}`,
    '',
    paint('bold', head),
    ...lines,
    '',
  ]
}

function ratioOf({ hit, stale, miss }: CacheCounts): number | null {
  const asked = hit + stale + miss
  return asked === 0 ? null : (hit + stale) / asked
}

function storeLines({ store, local, servers }: StoreInfo, { paint }: Terminal): string[] {
  const lines: string[] = []
  if (local) {
    const { entries, bytes, maxEntries, maxBytes, evictions } = local
    lines.push(
      `in this process: ${countText(entries)} of ${countText(maxEntries)} entries, ` +
        `${bytesText(bytes)} of ${bytesText(maxBytes)}, ${countText(evictions)} evicted`,
    )
  }
  if (servers.length === 0) return local ? lines : [...lines, `store: ${store}`]
  const rows = servers.map((server) => {
    const { memory, counts, clients } = server
    const asked = (counts.hits ?? 0) + (counts.misses ?? 0)
    return server.error !== null
      ? [server.address, server.error]
      : [
          server.address,
          server.version ?? '?',
          server.role ?? '?',
          `${bytesText(memory.usedBytes)}${memory.maxBytes ? ` of ${bytesText(memory.maxBytes)}` : ''}`,
          memory.policy ?? '?',
          countText(server.keys.total),
          asked === 0 ? '–' : shareText((counts.hits ?? 0) / asked),
          countText(counts.evicted),
          countText(clients.connected),
          countText(server.commandsPerSecond),
          timeText(server.latencyMs),
        ]
  })
  const titles = [
    'server',
    'version',
    'role',
    '>memory',
    'policy',
    '>keys',
    '>hits',
    '>evicted',
    '>clients',
    '>commands/s',
    '>latency',
  ]
  const [head = '', ...rest] = table(titles, rows)
  return [...lines, paint('bold', head), ...rest]
}
