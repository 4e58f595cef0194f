import { beforeEach, describe, expect, it } from 'vitest'
import { type Envelope, writeEnvelope } from '../../../src/codec/envelope.ts'
import { type CacheEvent, EventHub } from '../../../src/events.ts'
import { LearnedTags } from '../../../src/read/learned-tags.ts'
import { lookUp, type Seen } from '../../../src/read/look-up.ts'
import type { ReadContext } from '../../../src/read/read-context.ts'
import type { ReadPlan } from '../../../src/read/read-plan.ts'
import { RecentEntries } from '../../../src/read/recent-entries.ts'
import { RegisteredShapes } from '../../../src/read/registered-shapes.ts'
import type { GuardedStore } from '../../../src/stores/guarded-store.ts'
import { guardedStore } from '../../../src/stores/guards.ts'
import { memoryStore } from '../../../src/stores/memory-store.ts'
import { type SeenTag, type Stamp, stampsOf } from '../../../src/tags/tag-clocks.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { planOf, policy } from './plan-of.ts'

let clock: ManualClock
let store: GuardedStore
let context: ReadContext
let events: CacheEvent[]

const plan = planOf(['Post', 'User'])

beforeEach(() => {
  clock = manualClock(1_000_000)
  store = guardedStore(
    memoryStore()({
      prefix: 'p:',
      clock: clock.now,
      tagTtlMs: 1e9,
      graceMs: 0,
      waitReplicas: 0,
      timeoutMs: 1000,
      onError: () => {},
    }),
    {
      timeoutMs: 50,
      connectTimeoutMs: 1000,
      graceMs: 0,
      failures: 5,
      resetMs: 1000,
      onCondition: () => {},
      onError: () => {},
    },
  )
  const hub = new EventHub()
  events = []
  hub.on('*', (event) => events.push(event))
  // What a look-up uses of it; the rest belongs to other steps.
  context = {
    store,
    events: hub,
    clock: clock.now,
    registered: new RegisteredShapes(),
    learned: new LearnedTags(),
    recent: new RecentEntries(),
    preambles: new WeakMap(),
    maxValueBytes: () => 1_000_000,
    spellings: { register: async () => {} },
  } as Partial<ReadContext> as ReadContext
})

/** Stores an entry as a read made now would. */
async function stored(over: Partial<Envelope> = {}): Promise<readonly Stamp[]> {
  const stamps = [...stampsOf(await seen(plan.tags)).values()]
  const times = { readAt: clock.now(), freshForMs: 60_000, keptForMs: 90_000 }
  const envelope = { tookMs: 0, ...times, check: '-', stamps, tags: [], payload: 'rows' }
  await store.fill('key', writeEnvelope({ ...envelope, ...over }), 1e9)
  return stamps
}
async function seen(tags: readonly string[]): Promise<Seen> {
  const { clocks } = await store.lookUp(undefined, tags)
  return new Map(tags.map((tag, i) => [tag, clocks[i] as SeenTag]))
}
const under = (over: Partial<ReadPlan['policy']>) => ({ ...plan, policy: { ...policy, ...over } })
const judged = async (asked: ReadPlan = plan) => {
  const found = await lookUp(asked, context)
  return found.kind === 'miss' ? found.cause : found.kind
}

describe('an entry', () => {
  it('is a hit while it is fresh, and says how old it is', async () => {
    await stored()
    clock.advance(59_999)
    expect(await lookUp(plan, context)).toMatchObject({ kind: 'hit', payload: 'rows', ageMs: 59_999 })
    clock.advance(1)
    expect(await judged()).toBe('expired')
  })

  it('is no older than this call accepts', async () => {
    await stored()
    clock.advance(10_000)
    expect(await judged(under({ ttlMs: 10_000 }))).toBe('expired')
    expect(await judged(under({ ttlMs: 10_001 }))).toBe('hit')
  })

  it('is no fresher than it was stored to be', async () => {
    await stored({ freshForMs: 1000 })
    clock.advance(1000)
    expect(await judged(under({ ttlMs: 1e9 }))).toBe('expired')
  })

  it('may be served stale for as long as this call accepts', async () => {
    const stamps = await stored()
    clock.advance(60_000)
    const found = await lookUp(under({ swrMs: 5000 }), context)
    expect(found).toEqual({
      kind: 'stale',
      payload: 'rows',
      ageMs: 60_000,
      freshForMs: 0,
      tier: 'near',
      tookMs: 0,
      isDue: false,
      isSoft: false,
      tags: plan.tags,
      stamps,
      seen: expect.any(Function),
    })
    expect(found.kind === 'stale' && found.seen()).toEqual(await seen(plan.tags))
    clock.advance(5000)
    expect(await judged(under({ swrMs: 5000 }))).toBe('expired')
  })

  it('that was read before is asked for by its own tags and the guards, and a miss has seen every record of its query', async () => {
    const wider = { ...plan, absence: ['Absence'], watched: [...plan.tags, 'Absence'], guards: ['Guard'] }
    await stored()
    expect(await judged(wider)).toBe('hit')
    const asked: (readonly string[])[] = []
    const { lookUp: look } = store
    store.lookUp = (key, tags, pastNear) => {
      asked.push(tags)
      return look(key, tags, pastNear)
    }
    context = { ...context, store: Object.assign(store, { near: undefined }) }
    expect(await judged(wider)).toBe('hit')
    await store.bump(['User'])
    const missed = await lookUp(wider, context)
    expect(asked).toEqual([['Post', 'User', 'Guard'], ['Post', 'User', 'Guard'], ['Absence']])
    expect(missed).toMatchObject({ kind: 'miss', cause: 'invalidated', moved: ['User'] })
    expect(missed.kind === 'miss' && [...missed.seen.keys()].sort()).toEqual(['Absence', 'Guard', 'Post', 'User'])
  })

  it('is read anew when other bytes lie there, though nothing moved', async () => {
    await stored()
    expect(await judged()).toBe('hit')
    await stored({ payload: 'other rows' })
    expect(await lookUp(plan, context)).toMatchObject({ kind: 'hit', payload: 'other rows' })
  })

  it('is not of the future where clocks differ', async () => {
    await stored({ readAt: clock.now() + 5000 })
    expect(await lookUp(plan, context)).toMatchObject({ kind: 'hit', ageMs: 0 })
  })

  it.each(['Post', 'User'])('is never served once its tag %s moved, fresh or stale', async (tag) => {
    await stored()
    await store.bump([tag])
    expect(await judged()).toBe('invalidated')
    clock.advance(60_000)
    expect(await judged(under({ swrMs: 1e9 }))).toBe('invalidated')
  })

  it('is never served for another query of the same name', async () => {
    await stored({ check: 'digest-of-one' })
    expect(await judged({ ...plan, check: 'digest-of-another' })).toBe('absent')
    expect(await judged({ ...plan, check: 'digest-of-one' })).toBe('hit')
  })

  it('is never served for a query of other tags', async () => {
    await stored()
    expect(await judged(planOf(['Post', 'Tag']))).toBe('invalidated')
    expect(await judged(planOf(['Post', 'Tag', 'User']))).toBe('unreadable')
  })

  it('is passed over when the call asks the database', async () => {
    await stored()
    expect(await judged(under({ refresh: true }))).toBe('refresh')
  })

  it('that cannot be read is a miss, and said', async () => {
    await store.fill('key', 'foreign bytes', 1e9)
    expect(await judged()).toBe('unreadable')
    expect(events).toMatchObject([{ type: 'error', during: 'decode', model: 'User', operation: 'findMany' }])
  })

  it('of no tags at all is as good as any', async () => {
    const untagged = planOf([])
    await stored({ stamps: [] })
    expect(await judged(untagged)).toBe('hit')
    expect(events).toEqual([])
  })
})

describe('a miss', () => {
  it('has seen the clock of each tag, to fill under, before the database is asked', async () => {
    const found = await lookUp(plan, context)
    expect(found).toEqual({ kind: 'miss', cause: 'absent', seen: await seen(plan.tags) })
    expect(found.kind === 'miss' && [...found.seen.keys()]).toEqual(plan.tags)
  })

  it('has seen the clocks that are current, not those of the entry that was invalidated', async () => {
    const old = await stored()
    await store.bump(['User'])
    const found = await lookUp(plan, context)
    const now = await seen(plan.tags)
    expect(found).toEqual({ kind: 'miss', cause: 'invalidated', tookMs: 0, moved: ['User'], seen: now })
    const [post, user] = [...stampsOf(now).values()]
    expect([post, user?.epoch]).toEqual([old[0], old[1]?.epoch])
    expect(user?.clock).toBeGreaterThan(old[1]?.clock ?? Number.POSITIVE_INFINITY)
  })
})
