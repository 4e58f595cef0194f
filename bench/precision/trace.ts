import { canonicalText } from '../../src/query/canonical-text.ts'
import { seededRandom } from '../random.ts'
import { READS, type Read, type ReadKind } from './reads.ts'
import { Shop } from './shop.ts'
import type { ShopRows } from './shop-rows.ts'
import { WRITES, type Write } from './writes.ts'

export type Call = TracedRead | TracedWrite

export interface TracedRead extends Read {
  readonly type: 'read'
  /** Same text, same query. */
  readonly query: string
}

export interface TracedWrite extends Write {
  readonly type: 'write'
}

export interface TraceOptions {
  readonly rows: ShopRows
  readonly seed: number
  /** Of Zipf: 0 is everybody alike. */
  readonly skew: number
  readonly calls: number
  /** The share of calls that write. */
  readonly writes: number
  /** What is read; without it, what a shop asks. */
  readonly reads?: Readonly<Record<string, ReadKind>>
}

/** The same calls for the same options. */
export function traceOf({ rows, seed, skew, calls, writes, reads = READS }: TraceOptions): Call[] {
  const random = seededRandom(seed)
  const shop = new Shop(rows, skew, random)
  const nextRead = byWeight(reads, random)
  const nextWrite = byWeight(WRITES, random)
  return Array.from({ length: calls }, (): Call => {
    shop.next()
    if (shop.chance(writes)) {
      shop.writes += 1
      const [kind, { write }] = nextWrite()
      return { type: 'write', kind, ...write(shop) }
    }
    const [kind, { read }] = nextRead()
    const made = read(shop)
    return { type: 'read', kind, ...made, query: `${made.model} ${made.operation} ${canonicalText(made.args)}` }
  })
}

function byWeight<Kind extends { readonly weight: number }>(
  kinds: Readonly<Record<string, Kind>>,
  random: () => number,
): () => readonly [name: string, kind: Kind] {
  const all = Object.entries(kinds)
  const sum = all.reduce((sum, [, { weight }]) => sum + weight, 0)
  return () => {
    let at = random() * sum
    return all.find(([, { weight }]) => (at -= weight) < 0) ?? (all[0] as readonly [string, Kind])
  }
}
