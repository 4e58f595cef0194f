import { beforeEach, describe, expect, it } from 'vitest'
import { readEnvelope } from '../../../src/codec/envelope.ts'
import { decode } from '../../../src/codec/typed-json.ts'
import { type CacheEvent, EventHub } from '../../../src/events.ts'
import type { Model } from '../../../src/query/model-graph.ts'
import { type PrecisionRules, readSet } from '../../../src/query/read-set.ts'
import { type Asked, fill, unregisteredTags } from '../../../src/read/fill.ts'
import { LearnedTags } from '../../../src/read/learned-tags.ts'
import { OversizeResults } from '../../../src/read/oversize-results.ts'
import { Background, type ReadContext } from '../../../src/read/read-context.ts'
import { RecentEntries } from '../../../src/read/recent-entries.ts'
import { RegisteredShapes } from '../../../src/read/registered-shapes.ts'
import { SharedConnection } from '../../../src/read/shared-connection.ts'
import { guardedStore } from '../../../src/stores/guards.ts'
import type { CacheStore } from '../../../src/stores/store.ts'
import { anyValuesTag } from '../../../src/tags/shape-tags.ts'
import { LOCKED, type SeenTag, type TagClock } from '../../../src/tags/tag-clocks.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'
import { type FakeStore, fakeStore } from '../stores/fake-store.ts'
import { planOf, policy } from './plan-of.ts'

let time: ReturnType<typeof manualClock>
let store: FakeStore
let context: ReadContext
let events: CacheEvent[]
let fills: { readonly entry: string; readonly ttlMs: number }[]

const plan = planOf(['User'], { policy: { ...policy, swrMs: 30_000, nullTtlMs: 5000, jitter: 0.1 } })
const clock: TagClock = { epoch: 'AAAAAAAAAAAA', now: 7, changed: 3 }
const later: TagClock = { ...clock, now: 9, changed: 8 }
const asked: Asked = { at: 1_000_000, seen: new Map([['User', clock]]), unregistered: new Set(), ticket: 0 }

beforeEach(() => {
  time = manualClock(1_000_007)
  store = fakeStore()
  fills = []
  events = []
  const kept: CacheStore = { ...store, fill: async (_, entry, ttlMs) => void fills.push({ entry, ttlMs }) }
  const hub = new EventHub()
  hub.on('*', (event) => events.push(event))
  context = {
    store: guardedStore(kept, {
      timeoutMs: 50,
      connectTimeoutMs: 1000,
      graceMs: 0,
      failures: 5,
      resetMs: 1000,
      onCondition: () => {},
      onError: () => {},
    }),
    events: hub,
    clock: time.now,
    oversize: new OversizeResults(time.now),
    random: () => 0,
    maxValueBytes: () => 1000,
    connection: new SharedConnection('sqlite'),
    background: new Background(),
    learned: new LearnedTags(),
    registered: new RegisteredShapes(),
    recent: new RecentEntries(),
    preambles: new WeakMap(),
  } as Partial<ReadContext> as ReadContext
})

async function stored() {
  await context.background.settled()
  return fills.map(({ entry, ttlMs }) => ({ ...readEnvelope(entry), ttlMs }))
}
const reasons = () => events.flatMap((event) => (event.type === 'fill-skipped' ? [event.reason] : []))

describe('a result is stored', () => {
  it('under the clocks and the time of before the database was asked', async () => {
    fill(plan, [{ id: 1 }], asked, context)
    expect(await stored()).toEqual([
      {
        readAt: 1_000_000,
        freshForMs: 60_000,
        keptForMs: 90_000,
        tookMs: 7,
        ttlMs: 90_000,
        check: '-',
        stamps: [{ epoch: 'AAAAAAAAAAAA', clock: 7 }],
        tags: [],
        payload: '\n[{"id":1}]',
      },
    ])
    expect(events).toEqual([
      { type: 'fill', model: 'User', operation: 'findMany', key: 'key', bytes: 11, ttlMs: 90_000 },
    ])
  })

  it('for a shorter time by chance, never for a longer one', async () => {
    for (const random of [0, 0.5, 0.999]) fill(plan, [], asked, { ...context, random: () => random })
    expect((await stored()).map(({ freshForMs }) => freshForMs)).toEqual([60_000, 57_000, 54_006])
  })

  it('for the time of nulls when it is null, and not of an empty list', async () => {
    fill(plan, null, asked, context)
    fill(plan, [], asked, context)
    expect((await stored()).map(({ freshForMs }) => freshForMs)).toEqual([5000, 60_000])
  })

  it('as it was: what the caller does to it afterwards changes nothing', async () => {
    const rows = [{ id: 1 }]
    const snapshot = fill(plan, rows, asked, context)
    rows.push({ id: 2 })
    expect(decode(snapshot as string, () => undefined)).toEqual([{ id: 1 }])
    expect((await stored())[0]?.payload).toBe(snapshot)
  })
})

describe('a result is not stored', () => {
  it('when it is undefined: an element of a failed batch', () => {
    expect(fill(plan, undefined, asked, context)).toBeUndefined()
    expect(reasons()).toEqual(['undefined'])
  })

  it('when a transaction may have been seen, nor is it shared', async () => {
    context.connection.begin()
    expect(fill(plan, [], asked, context)).toBeUndefined()
    expect(reasons()).toEqual(['shared-connection'])
    expect(await stored()).toEqual([])
  })

  it('when it shows what `omit` leaves out, fetched for a computed field', () => {
    const omitting = { ...plan, omitted: { fields: ['email'], relations: new Map() } }
    expect(fill(omitting, [{ id: 1, email: 'a' }], asked, context)).toBeUndefined()
    expect(fill(omitting, { id: 1, email: null }, asked, context)).toBeUndefined()
    expect(reasons()).toEqual(['computed-needs', 'computed-needs'])
    expect(fill(omitting, [{ id: 1 }], asked, context)).toBeDefined()
    expect(fill(omitting, null, asked, context)).toBeDefined()
  })

  it('when a value could not be given back', () => {
    expect(fill(plan, [new Map()], asked, context)).toBeUndefined()
    expect(reasons()).toEqual(['unsupported-value'])
  })

  it.each([1000, 100_000])('when it is too large, by little or by much (%i), nor is it shared', async (length) => {
    expect(fill(plan, 'x'.repeat(length), asked, context)).toBeUndefined()
    expect(reasons()).toEqual(['oversize'])
    expect(await stored()).toEqual([])
  })

  it('nor looked at while one that was too large is remembered, and then once more', () => {
    let looks = 0
    const row = (text: string) => ({
      get text() {
        looks += 1
        return text
      },
    })
    const large = () => fill(plan, [row('x'.repeat(2000))], asked, context)
    large()
    const once = looks
    expect(once).toBeGreaterThan(0)
    for (let i = 0; i < 5; i += 1) large()
    expect(looks).toBe(once)
    expect(fill({ ...plan, check: 'another query' }, [row('small')], asked, context)).toContain('small')
    time.advance(29_999)
    expect(fill(plan, [row('small')], asked, context)).toBeUndefined()
    time.advance(1)
    expect(fill(plan, [row('small')], asked, context)).toContain('small')
    expect(reasons()).toEqual(Array(7).fill('oversize'))
  })

  it('larger by bytes, not by characters', () => {
    fill(plan, '€'.repeat(400), asked, context)
    expect(reasons()).toEqual(['oversize'])
  })

  it('for no time at all', async () => {
    fill({ ...plan, policy: { ...plan.policy, nullTtlMs: 0 } }, null, asked, context)
    expect(await stored()).toEqual([])
    expect(events).toEqual([])
  })

  it('by a store that does not take it', async () => {
    store.mood = 'down'
    const down = guardedStore(store, {
      timeoutMs: 50,
      connectTimeoutMs: 1000,
      graceMs: 0,
      failures: 5,
      resetMs: 1000,
      onCondition: () => {},
      onError: () => {},
    })
    fill(plan, [], asked, { ...context, store: down })
    await context.background.settled()
    expect(reasons()).toEqual(['store-unavailable'])
  })
})

describe('a result that tells which rows it depends on', () => {
  const graph = graphOf(testSchema)
  const post = graph.models.get('Post') as Model
  const rules: PrecisionRules = { of: () => 'shape', maxTags: 16, maxRowTags: 32 }
  const args = { where: { title: 'a' }, select: { id: true, title: true }, orderBy: { id: 'asc' }, take: 2 }
  const { tags, parts, shapes } = readSet(graph, post, args, 'rows', rules)
  const page = planOf([...tags], { model: 'Post', parts, shapes, guards: ['Post'] })
  const rows = [
    { id: 1, title: 'a' },
    { id: 2, title: 'a' },
  ]
  const seen = new Map<string, SeenTag>([...tags, 'Post', ...shapes.map(anyValuesTag)].map((tag) => [tag, clock]))
  /** Asked under these clocks, by what is known to be registered then. */
  const askedUnder = (some: typeof seen): Asked => {
    return { ...asked, seen: some, unregistered: unregisteredTags(page, some, context) }
  }
  const stamp = { epoch: clock.epoch, clock: clock.now }
  const ofRows = (some: readonly string[] = []) => some.filter((tag) => /\?id=\d/.test(tag))

  beforeEach(() => {
    context = { ...context, graph, precision: rules }
    for (const shape of shapes) context.registered.add(shape, stamp)
  })

  it('is stored once, at once, under the tags it tells', async () => {
    fill(page, rows, askedUnder(seen), context)
    expect(fills).toHaveLength(1)
    const [entry] = await stored()
    expect(entry?.stamps).toEqual([stamp])
    expect(ofRows(entry?.tags)).toHaveLength(2)
    expect(ofRows(context.learned.of(page.key))).toEqual(ofRows(entry?.tags))
    expect(fills).toHaveLength(1)
  })

  it.each([
    ['changed', { ...clock, changed: 7 }],
    ['was locked', LOCKED],
  ] as const)(
    'is stored under its rows where a guard %s before, for an entry is judged by its tags',
    async (_, guard) => {
      fill(page, rows, askedUnder(new Map([...seen, ['Post', guard]])), context)
      expect(ofRows((await stored())[0]?.tags)).toHaveLength(2)
    },
  )

  it.each([
    ['no tag of its record was seen before', new Map<string, SeenTag>([['User', clock]])],
    ['all tags of its record were locked', new Map<string, SeenTag>([...seen.keys()].map((tag) => [tag, LOCKED]))],
    ['a shape of it was not looked up', new Map([...seen].filter(([tag]) => !/\?id=\*/.test(tag)))],
    ['a shape of it gave way', new Map([...seen].map(([tag, its]) => [tag, /\?id=\*/.test(tag) ? later : its]))],
  ])('is not stored when %s, and the next miss begins with the tags of its query', async (_, some) => {
    context.learned.learn(page.key, ['Post'])
    fill(page, rows, askedUnder(some), context)
    expect(await stored()).toEqual([])
    expect(context.learned.of(page.key)).toBeUndefined()
  })

  it('is not stored when a shape of it was not registered before the database was asked', async () => {
    const registered = new RegisteredShapes()
    context = { ...context, registered }
    const before = askedUnder(seen)
    // By another read, while the database was asked: the writes in between were not told.
    for (const shape of shapes) registered.add(shape, stamp)
    fill(page, rows, before, context)
    expect(await stored()).toEqual([])
  })

  it('is not stored by a store that is down, which is told once', async () => {
    store.mood = 'down'
    const over = {
      timeoutMs: 50,
      connectTimeoutMs: 1000,
      graceMs: 0,
      failures: 5,
      resetMs: 1000,
      onCondition: () => {},
      onError: () => {},
    }
    fill(page, rows, askedUnder(seen), { ...context, store: guardedStore(store, over) })
    await context.background.settled()
    expect(reasons()).toEqual(['store-unavailable'])
  })
})
