import { print } from '../environment.ts'
import type { Blame } from './blame.ts'
import type { Count, Tally } from './tally.ts'

export interface Subject {
  readonly name: string
  readonly tally: Tally
}

export const percent = (part: number, whole: number) => `${((100 * part) / (whole || 1)).toFixed(1)} %`

/** Aligned columns, the first one to the left. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const all = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  for (const row of all) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    print(`  ${cells.join('  ').trimEnd()}`)
  }
}

export const ORACLE = 'oracle'

export function reportRatios(subjects: readonly Subject[]): void {
  const best = subjects.find(({ name }) => name === ORACLE)?.tally.total as Count
  table(
    ['', 'hits', 'of the oracle', 'needless misses', 'of its misses', 'STALE', 'SELECTs saved'],
    subjects.map(({ name, tally: { total } }) => [
      name,
      percent(total.hits, total.reads),
      percent(total.hits, best.hits),
      total.needless,
      percent(total.needless, total.reads - total.hits),
      total.stale,
      percent(total.plainSelects - total.selects, total.plainSelects),
    ]),
  )
}

/** By kind of read, the most needless misses of the last subject first. */
export function reportKinds(subjects: readonly Subject[]): void {
  const judged = subjects.at(-1)?.tally as Tally
  const kinds = [...judged.kinds].sort(([, a], [, b]) => b.needless - a.needless)
  const cell = ({ tally }: Subject, kind: string) => {
    const count = tally.kinds.get(kind)
    return count ? percent(count.hits, count.reads) : '-'
  }
  print()
  table(
    ['hits by kind of read', 'reads', ...subjects.map(({ name }) => name), 'needless'],
    kinds.map(([kind, { reads, needless }]) => [
      kind,
      reads,
      ...subjects.map((subject) => cell(subject, kind)),
      needless,
    ]),
  )
}

const PAIRS = 25

/** What the misses come from that were for nothing: pairs of a kind of write and a kind of read, worst first. */
export function reportBlame(name: string, { pairs, moved }: Blame): void {
  print()
  const sorted = [...pairs.values()].sort((a, b) => b.first - a.first)
  table(
    [`needless misses of ${name}: write → read`, 'first', 'alone', 'moved'],
    sorted
      .slice(0, PAIRS)
      .map(({ write, read, first, alone, tags }) => [
        `${write} → ${read}`,
        first,
        alone,
        [...tags.keys()].slice(0, 3).join(' '),
      ]),
  )
  print()
  const caused = (write: string) => sorted.filter((pair) => pair.write === write)
  const sum = (write: string, of: 'first' | 'alone') => caused(write).reduce((sum, pair) => sum + pair[of], 0)
  table(
    [`kinds of write (${name})`, 'writes', 'tags a write', 'needless, first', 'alone'],
    [...moved]
      .map(([write, { writes, tags }]) => ({ write, writes, tags, first: sum(write, 'first') }))
      .sort((a, b) => b.first - a.first)
      .map(({ write, writes, tags, first }) => [write, writes, (tags / writes).toFixed(1), first, sum(write, 'alone')]),
  )
}
