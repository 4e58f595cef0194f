import { Decimal } from '@prisma/client/runtime/client'
import { beforeEach, describe, expect, it } from 'vitest'
import { type CacheEvent, EventHub, NOT_TIMED } from '../../../src/events.ts'
import { LearnedTags } from '../../../src/read/learned-tags.ts'
import { LeaseWorth } from '../../../src/read/lease-worth.ts'
import { MergedReads } from '../../../src/read/merged-reads.ts'
import { OversizeResults } from '../../../src/read/oversize-results.ts'
import { Background, type ReadCall, type ReadContext } from '../../../src/read/read-context.ts'
import { readThrough } from '../../../src/read/read-through.ts'
import { RecentEntries } from '../../../src/read/recent-entries.ts'
import { RegisteredShapes } from '../../../src/read/registered-shapes.ts'
import { SharedConnection } from '../../../src/read/shared-connection.ts'
import { SingleFlight } from '../../../src/read/single-flight.ts'
import { guardedStore } from '../../../src/stores/guards.ts'
import { memoryStore } from '../../../src/stores/memory-store.ts'
import { planOf } from './plan-of.ts'

let context: ReadContext
let events: CacheEvent[]
let queries: number

const clock = () => 1_000_000
const plan = planOf(['User'])

beforeEach(() => {
  queries = 0
  events = []
  const hub = new EventHub()
  hub.on('*', (event) => events.push(event))
  const store = memoryStore()({
    prefix: 'p:',
    clock,
    tagTtlMs: 1e9,
    graceMs: 0,
    waitReplicas: 0,
    timeoutMs: 1000,
    onError: () => {},
  })
  context = {
    store: guardedStore(store, {
      timeoutMs: 50,
      connectTimeoutMs: 1000,
      graceMs: 0,
      failures: 5,
      resetMs: 1000,
      onCondition: () => {},
      onError: () => {},
    }),
    events: hub,
    clock,
    random: () => 0,
    maxValueBytes: () => 1e6,
    oversize: new OversizeResults(clock),
    spellings: { register: async () => {} },
    leaseWorth: new LeaseWorth(),
    flights: new SingleFlight(),
    registered: new RegisteredShapes(),
    learned: new LearnedTags(),
    recent: new RecentEntries(),
    preambles: new WeakMap(),
    connection: new SharedConnection('postgresql'),
    merged: new MergedReads({ provider: 'postgresql', models: new Map() }),
    decimals: { ready: async () => (text: string) => new Decimal(text) },
    background: new Background(),
  } as Partial<ReadContext> as ReadContext
})

/** A read whose query answers some time later with rows of its own. */
function read(rows: () => unknown = () => [{ id: 1 }]): Promise<unknown> {
  const run = async () => {
    queries += 1
    await new Promise(setImmediate)
    return rows()
  }
  const call: ReadCall = { model: 'User', operation: 'findMany', args: {}, dataPath: [], run, begun: NOT_TIMED }
  return readThrough(call, plan, context)
}
const types = () => events.map(({ type }) => type)

describe('a read', () => {
  it('asks the database once, and the cache from then on', async () => {
    expect(await read()).toEqual([{ id: 1 }])
    await context.background.settled()
    expect(await read()).toEqual([{ id: 1 }])
    expect(queries).toBe(1)
    expect(types()).toEqual(['fill', 'miss', 'hit'])
  })

  it('shares the query of an equal one under way, and nothing else with it', async () => {
    const [first, second] = (await Promise.all([read(), read()])) as [object[], object[]]
    expect(queries).toBe(1)
    expect(first).toEqual(second)
    expect(first).not.toBe(second)
    expect(first[0]).not.toBe(second[0])
  })

  it('does not share the query of one that began before an invalidation', async () => {
    const slow = read()
    await new Promise(process.nextTick)
    await context.store.bump(['User'])
    await Promise.all([slow, read()])
    expect(queries).toBe(2)
  })

  it('shares no error: each has its own', async () => {
    const failing = () => {
      throw new Error(`query ${queries}`)
    }
    const outcomes = await Promise.allSettled([read(failing), read(failing)])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(queries).toBe(2)
  })
})

describe('a value that cannot be restored', () => {
  const priced = () => read(() => [{ price: new Decimal('1.50') }])
  const broken = () => {
    context = { ...context, decimals: { ready: async () => Promise.reject(new Error('no Decimal class')) } }
  }

  it('is a miss when it was stored', async () => {
    await priced()
    await context.background.settled()
    broken()
    expect(await priced()).toEqual([{ price: new Decimal('1.50') }])
    expect(queries).toBe(2)
    expect(types()).toContain('error')
  })

  it('is asked for when another read has it', async () => {
    broken()
    const rows = [{ price: new Decimal('1.50') }]
    expect(await Promise.all([priced(), priced()])).toEqual([rows, rows])
    expect(queries).toBe(2)
  })
})
