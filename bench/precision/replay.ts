import type { CacheEvent } from '../../src/index.ts'
import { canonicalText } from '../../src/query/canonical-text.ts'
import type { SqlTap } from '../../test/support/sql-tap.ts'
import { Blame } from './blame.ts'
import type { Answer } from './bounds.ts'
import type { CachedClient, Contender, StoreKind } from './contenders.ts'
import type { ShopClient } from './shop-client.ts'
import { Tally } from './tally.ts'
import type { Call } from './trace.ts'
import type { ShopDatabase } from './world.ts'

export interface Replayed {
  readonly tally: Tally
  readonly answers: readonly Answer[]
  readonly blame: Blame
  /** Why reads missed or bypassed, and how often. */
  readonly causes: ReadonlyMap<string, number>
  /** The first few, told. */
  readonly stale: readonly string[]
  /** What the cache itself found wrong. Never expected: nothing is ever down here. */
  readonly errors: ReadonlySet<string>
}

export function perform(client: ShopClient, call: Call): PromiseLike<unknown> {
  return call.type === 'read' ? client[call.model][call.operation](call.args) : call.run(client)
}

const EXAMPLES = 5

/**
 * One call after the other through a contender, its clients in turn as if they were processes, and each read through a
 * plain client on the same database right after: the two must agree, and what the plain one says now and said before is
 * what the oracle knows.
 */
export async function replay(
  trace: readonly Call[],
  database: ShopDatabase,
  contender: Contender,
  store: StoreKind,
  clients: number,
): Promise<Replayed> {
  const plain = await database.tapped()
  const tally = new Tally()
  const blame = new Blame()
  const answers: Answer[] = []
  const causes = new Map<string, number>()
  const stale: string[] = []
  const errors = new Set<string>()
  const last = new Map<string, string>()

  /** With `moved`: tags of the entry that were moved. */
  let what: { readonly how: string; readonly moved: readonly string[] }
  const listen = (event: CacheEvent) => {
    if (event.type === 'hit' || event.type === 'stale') what = { how: 'hit', moved: [] }
    if (event.type === 'miss') what = { how: `miss, ${event.cause}`, moved: event.invalidatedTags ?? [] }
    if (event.type === 'bypass') what = { how: `bypass, ${event.reason}`, moved: [] }
    if (event.type === 'error') errors.add(`${event.during}: ${String(event.error)}`)
  }
  const cache = contender.cache(store)
  const turns: { readonly cached: CachedClient; readonly sql: SqlTap }[] = []
  for (let i = 0; i < clients; i += 1) {
    const { prisma, sql } = await database.tapped()
    const cached = cache(prisma)
    cached.$cache.on('*', listen)
    blame.listen(cached.$cache)
    turns.push({ cached, sql })
  }

  for (const [at, call] of trace.entries()) {
    const { cached, sql } = turns[at % clients] as (typeof turns)[number]
    sql.clear()
    plain.sql.clear()
    if (call.type === 'write') {
      blame.writes(call.kind, at)
      await perform(cached, call)
      await cached.$cache.settled()
      continue
    }
    what = { how: 'unseen', moved: [] }
    const answered = canonicalText(await perform(cached, call))
    const selects = sql.count(SELECT)
    await cached.$cache.settled()
    const { how, moved } = what
    const truth = canonicalText(await perform(plain.prisma, call))

    const answer = { unchanged: last.get(call.query) === truth, selects: plain.sql.count(SELECT) }
    last.set(call.query, truth)
    answers.push(answer)
    causes.set(how, (causes.get(how) ?? 0) + 1)
    const hit = how === 'hit'
    if (answered !== truth && stale.length < EXAMPLES) {
      stale.push(`${at}, ${call.kind} (${how}): ${call.query}\n    cached   ${answered}\n    database ${truth}`)
    }
    tally.add(call.kind, answer, { hit, stale: answered !== truth, selects })
    if (hit) continue
    if (answer.unchanged) blame.needless(call.kind, call.query, moved)
    blame.filled(call.query, at)
  }
  for (const { cached } of turns) await cached.$cache.disconnect()
  return { tally, answers, blame, causes, stale, errors }
}

const SELECT = /^\s*(SELECT|WITH)\b/i
