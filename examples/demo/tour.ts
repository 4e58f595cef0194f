import { isDeepStrictEqual } from 'node:util'
// In your project: from 'prisma-extension-query-cache'.
import type { CacheInfo } from '../../src/index.ts'
import { cached, plain } from './clients.ts'
import { type Read, type ReadName, reads } from './reads.ts'
import { bold, dim, green, heading, left, red, right, yellow } from './terminal.ts'
import { writes } from './writes.ts'

const named = Object.entries(reads).map(([name, read], index) => ({
  name: name as ReadName,
  letter: String.fromCharCode(65 + index),
  read,
}))

const MIN_RUNS = 10
const MAX_RUNS = 2_000
const MEASURE_MS = 200
const MAX_FAILURES_SHOWN = 20

const failures: string[] = []
const tally = { compared: 0, faster: [] as number[], survived: 0, stale: 0, changed: 0 }

/** Prints the whole tour. `false`: something was not as a plain client has it. */
export async function tour(): Promise<boolean> {
  try {
    await cached.$cache.health() // waits for the connection, which the round trip below should not count
    const { store, state, latencyMs } = await cached.$cache.health()
    if (state !== 'ok') {
      console.log(red(`\nThe store (${store}) does not answer. Is REDIS_URL right, and is Redis running?\n`))
      return false
    }
    await cached.$cache.clear()
    await showReads(
      store === 'redis' ? `Redis, a round trip of ${latencyMs?.toFixed(1)} ms` : 'a store in this process',
    )
    await showWrites()
    await cached.$cache.settled()
    showSummary()
    await cached.$cache.clear()
  } finally {
    await Promise.all([cached.$cache.disconnect(), cached.$disconnect(), plain.$disconnect()])
  }
  return failures.length === 0
}

async function showReads(store: string): Promise<void> {
  heading('Reads', `µs, median of many runs: a plain client's, and from the cache (${store})`)
  const head = `${left('', 53)}${left('1st', 9)}${left('2nd', 7)}${right('database', 8)}${right('cache', 8)}${right('faster', 9)}`
  console.log(dim(`${head} equal`))
  for (const { letter, read } of named) {
    const first = await cached.$cache.withCacheInfo(read.onCached())
    const second = await cached.$cache.withCacheInfo(read.onCached())
    const expected = await read.onPlain()
    const equal = [first, second].map(({ data }) => check(read, data, expected)).every(Boolean)
    if (first.info.status !== 'miss') failures.push(`first read of ${letter}: ${describe(first.info)}`)
    if (second.info.status !== 'hit') failures.push(`second read of ${letter}: ${describe(second.info)}`)

    const plainUs = await medianUs(read.onPlain)
    const cacheUs = await medianUs(read.onCached)
    const faster = plainUs / cacheUs
    tally.faster.push(faster)
    console.log(
      `${bold(letter)} ${left(read.operation, 18)}${left(read.title, 33)}` +
        `${left(source(first.info), 9)}${left(source(second.info), 7)}` +
        `${right(Math.round(plainUs), 8)}${right(Math.round(cacheUs), 8)}${bold(right(`${faster.toFixed(1)} ×`, 9))}   ${mark(equal)}`,
    )
  }
}

async function showWrites(): Promise<void> {
  heading('Writes', 'and what became of the reads above: each is read once more and compared with a plain client')
  console.log(`${green('·')} survived: still from the cache`)
  console.log(`${yellow('●')} made stale, rightly: from the database, and the result is another`)
  console.log(`${dim('○')} made stale, to be safe: from the database, the result is the same`)
  console.log(bold(`\n${left('', 46)}${named.map(({ letter }) => `  ${letter}`).join('')}`) + dim(' equal'))

  const known = new Map<ReadName, unknown>()
  for (const { name, read } of named) known.set(name, await read.onPlain())
  for (const { title, code, run, survivors } of writes) {
    const remark = await run()
    let cells = ''
    let allEqual = true
    for (const { name, letter, read } of named) {
      const { data, info } = await cached.$cache.withCacheInfo(read.onCached())
      const expected = await read.onPlain()
      const equal = check(read, data, expected, title)
      const changed = !isDeepStrictEqual(expected, known.get(name))
      known.set(name, expected)

      const survived = info.status === 'hit'
      const mustSurvive = survivors === 'all' || survivors.includes(name)
      if (!survived && (mustSurvive || info.status !== 'miss')) {
        failures.push(`after “${title}”, ${letter}: ${describe(info)}${mustSurvive ? ', should have survived' : ''}`)
      }
      if (survived) tally.survived++
      else tally.stale++
      if (changed) tally.changed++
      allEqual &&= equal
      cells += `  ${!equal ? mark(equal) : survived ? green('·') : changed ? yellow('●') : dim('○')}`
    }
    console.log(`${left(title, 46)}${cells}   ${mark(allEqual)}`)
    console.log(dim(`  ${code}`))
    if (typeof remark === 'string') console.log(dim(`  → ${remark}`))
  }
}

function showSummary(): void {
  const { totals, models } = cached.$cache.stats()
  heading('Summary', 'from $cache.stats()')
  const columns = ['hit', 'miss', 'bypass', 'fill', 'invalidate', 'error'] as const
  const row = (title: string, counts: Record<(typeof columns)[number], number>) =>
    `${left(title, 16)}${columns.map((column) => right(counts[column], 12)).join('')}`
  console.log(dim(`${left('', 16)}${columns.map((column) => right(column, 12)).join('')}`))
  for (const [model, operations] of Object.entries(models).sort(([a], [b]) => a.localeCompare(b))) {
    console.log(row(model, sum(Object.values(operations))))
  }
  console.log(bold(row('all', totals)))

  const { faster, survived, stale, changed, compared } = tally
  const quickest = Math.max(...faster).toFixed(0)
  console.log(`
${left('Speed', 16)}a hit is ${median(faster).toFixed(0)} times faster in the middle, up to ${quickest} times (${faster.length} queries)
${left('Invalidation', 16)}${writes.length} writes: ${survived} cached reads survived, ${stale} were made stale, ${changed} of them rightly
${left('Freshness', 16)}${compared} results compared with a plain client's, types included
`)
  for (const failure of failures.slice(0, MAX_FAILURES_SHOWN)) console.log(red(`✗ ${failure}`))
  if (failures.length > MAX_FAILURES_SHOWN) console.log(red(`✗ … and ${failures.length - MAX_FAILURES_SHOWN} more`))
  if (failures.length === 0) console.log(green('✓ all of them equal\n'))
}

/** Compares values and types: a Date is no string, a Decimal no number, a BigInt no Int, a key too many is one. */
function check(read: Read, actual: unknown, expected: unknown, after?: string): boolean {
  tally.compared++
  const equal = isDeepStrictEqual(actual, expected)
  const when = after ? `, after “${after}”` : ''
  if (!equal) failures.push(`${read.operation} ${read.title}${when}: not what a plain client reads`)
  return equal
}

function source({ status }: CacheInfo): string {
  return status === 'hit' ? 'cache' : status === 'miss' ? 'database' : status
}

function describe(info: CacheInfo): string {
  if (info.status === 'bypass') return `bypass (${info.reason})`
  return info.status === 'miss' ? `miss (${info.cause})` : info.status
}

const mark = (equal: boolean) => (equal ? green('✓') : red('✗'))

/** The median of the later half of the runs: the first ones are those of a program that has just begun. */
async function medianUs(run: () => PromiseLike<unknown>): Promise<number> {
  const samples: number[] = []
  const begun = performance.now()
  while (samples.length < MAX_RUNS && (samples.length < MIN_RUNS || performance.now() - begun < MEASURE_MS)) {
    const start = performance.now()
    await run()
    samples.push((performance.now() - start) * 1_000)
  }
  return median(samples.slice(samples.length >> 1))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

function sum<Counts extends Record<string, number>>(all: readonly Counts[]): Counts {
  const result: Record<string, number> = {}
  for (const counts of all) {
    for (const [name, count] of Object.entries(counts)) result[name] = (result[name] ?? 0) + count
  }
  return result as Counts
}
