import { Decimal } from '@prisma/client/runtime/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { encode } from '../../../src/codec/typed-json.ts'
import { type CacheEvent, EventHub, NOT_TIMED } from '../../../src/events.ts'
import { MergedReads } from '../../../src/read/merged-reads.ts'
import { Background, type ReadCall, type ReadContext, Verifications } from '../../../src/read/read-context.ts'
import type { ReadPlan } from '../../../src/read/read-plan.ts'
import { SharedConnection } from '../../../src/read/shared-connection.ts'
import { verifyHit } from '../../../src/read/verify.ts'
import type { LookUp } from '../../../src/stores/store.ts'
import { LOCKED } from '../../../src/tags/tag-clocks.ts'
import { holds } from '../../support/holds.ts'
import { graphOf } from '../query/graph-of.ts'
import { planOf } from './plan-of.ts'

const graph = graphOf(`
model User {
  id Int @id
  scores Int[]
  meta Json
  posts Post[]
}
model Post {
  id Int @id
  authorId Int
  author User @relation(fields: [authorId], references: [id])
  tags Tag[]
}
model Tag {
  name String @id
  posts Post[]
}
`)

const AFTER_MS = 1000
let now: number
let random: number
let events: CacheEvent[]
let context: ReadContext
let connection: SharedConnection
let verifications: Verifications
/** The clock of the last change of the one tag. */
let changed: number | typeof LOCKED
let storeFault: Error | undefined
let removed: string[]

beforeEach(() => {
  vi.useFakeTimers()
  now = 5000
  random = 0
  events = []
  changed = 1
  storeFault = undefined
  removed = []
  connection = new SharedConnection('sqlite')
  verifications = new Verifications({ sample: 0.5, afterMs: AFTER_MS, maxInFlight: 2 })
  const hub = new EventHub()
  hub.on('*', (event) => events.push(event))
  const store = {
    async lookUp(_key: string, tags: readonly string[]): Promise<LookUp> {
      if (storeFault) throw storeFault
      return {
        entry: undefined,
        clocks: tags.map(() => (changed === LOCKED ? LOCKED : { epoch: 'e', now: 9, changed })),
      }
    },
    async remove(keys: readonly string[]) {
      if (storeFault) throw storeFault
      removed.push(...keys)
      return keys.length
    },
  }
  context = {
    graph,
    store,
    events: hub,
    clock: () => now,
    random: () => random,
    connection,
    merged: new MergedReads({ ...graph, provider: 'mysql' }),
    decimals: { ready: async () => (text: string) => new Decimal(text) },
    background: new Background(),
    verifications,
  } as unknown as ReadContext
})
afterEach(() => void vi.useRealTimers())

interface Hit extends Partial<ReadCall> {
  readonly served: unknown
  /** What the database says, time after time; the last answer stays. */
  readonly database: readonly (() => unknown)[]
  readonly omitted?: ReadPlan['omitted']
}

/** A hit on an entry stored at clock 1; how often the database is asked is counted. */
function hit({ served, database, omitted, ...call }: Hit): { asked: () => number } {
  let asked = 0
  const run = async () => {
    const answer = database[Math.min(asked, database.length - 1)]
    asked += 1
    return answer?.()
  }
  const payload = encode(served)
  const common = { model: 'User', operation: 'findMany' }
  const plan = planOf(['User'], { omitted })
  verifyHit(
    { ...common, args: {}, dataPath: [], run, begun: NOT_TIMED, ...call },
    plan,
    { payload, ageMs: 40, tags: ['User'], stamps: [{ epoch: 'e', clock: 1 }] },
    context,
  )
  return { asked: () => asked }
}
const reading = () => context.background.settled()
async function moment(): Promise<void> {
  vi.advanceTimersByTime(AFTER_MS)
  await reading()
}
async function outcome(given: Hit): Promise<string | undefined> {
  events = []
  hit(given)
  await reading()
  await moment()
  return events.map((event) => (event.type === 'verify' ? event.outcome : event.type)).join(' ')
}
const always =
  <T>(value: T) =>
  () =>
    value

describe('what was served', () => {
  const compared = (served: unknown, database: unknown, call: Partial<ReadCall> = {}) =>
    outcome({ served, database: [always(database)], ...call })

  it('is compared by value, whatever the order of properties', async () => {
    const bytes = new Uint8Array([1, 2])
    const one = { a: 1, price: new Decimal('1.50'), at: new Date(5), big: 5n, bytes, meta: { x: 1, y: [1, 2] } }
    const same = {
      meta: { y: [1, 2], x: 1 },
      bytes: Buffer.from(bytes),
      big: 5n,
      at: new Date(5),
      price: new Decimal('1.5'),
      a: 1,
    }
    expect(await compared([one], [same])).toBe('fresh')
  })

  it.each([
    ['a Decimal', { v: new Decimal('1.5') }, { v: new Decimal('1.51') }],
    ['a Date', { v: new Date(5) }, { v: new Date(6) }],
    ['a BigInt', { v: 5n }, { v: 6n }],
    ['Bytes', { v: new Uint8Array([1]) }, { v: new Uint8Array([2]) }],
    ['a BigInt and a number', { v: 5n }, { v: 5 }],
    ['null', { v: null }, { v: 0 }],
    ['no row', { v: 1 }, null],
    ['a row', null, { v: 1 }],
  ])('differs by %s', async (_, served, database) => {
    expect(await compared(served, database, { operation: 'findUnique' })).toBe('stale')
  })

  it('differs by a row more, and by a row twice', async () => {
    const rows = [{ id: 1 }, { id: 2 }]
    expect(await compared(rows, [...rows, { id: 3 }])).toBe('stale')
    expect(await compared([{ id: 1 }, ...rows], [...rows, { id: 2 }])).toBe('stale')
  })

  it('has its rows in any order where none was asked for', async () => {
    const rows = [{ id: 1 }, { id: 2 }]
    const turned = rows.toReversed()
    expect(await compared(rows, turned)).toBe('fresh')
    expect(await compared(rows, turned, { args: { orderBy: undefined } })).toBe('fresh')
    expect(await compared(rows, turned, { args: { orderBy: { id: 'asc' } } })).toBe('stale')
    expect(await compared(rows, turned, { operation: 'groupBy', args: { by: ['id'] } })).toBe('fresh')
  })

  it('has related rows in any order where none was asked for, at any depth', async () => {
    const user = (tags: string[], ...posts: number[]) => [
      { id: 1, posts: posts.map((id) => ({ id, tags: tags.map((name) => ({ name })) })) },
    ]
    const include = (posts: object, tags: object) => ({
      include: { posts: { ...posts, select: { id: true, tags: { ...tags } } } },
    })
    const orderBy = { name: 'asc' }
    const [one, other] = [user(['x', 'y'], 1, 2), user(['y', 'x'], 2, 1)]
    expect(await compared(one, other, { args: include({}, {}) })).toBe('fresh')
    expect(await compared(one, other, { args: { include: { posts: true } } })).toBe('stale')
    expect(await compared(one, other, { args: include({}, { orderBy }) })).toBe('stale')
    expect(await compared(one, other, { args: include({ orderBy }, {}) })).toBe('stale')
    expect(await compared(one, user(['y', 'x'], 1, 2), { args: include({ orderBy }, {}) })).toBe('fresh')
  })

  it('is ordered by what its own place in a fluent read says', async () => {
    const fluent = (orderBy?: object) => ({
      operation: 'findUnique',
      dataPath: ['select', 'posts'],
      args: { where: { id: 1 }, select: { posts: { orderBy } } },
    })
    const [rows, turned] = [
      [{ id: 1 }, { id: 2 }],
      [{ id: 2 }, { id: 1 }],
    ]
    expect(await compared(rows, turned, fluent())).toBe('fresh')
    expect(await compared(rows, turned, fluent({ id: 'asc' }))).toBe('stale')
  })

  it('has lists of scalars and JSON in their own order', async () => {
    expect(await compared([{ scores: [1, 2] }], [{ scores: [2, 1] }])).toBe('stale')
    expect(await compared([{ meta: { posts: [1, 2] } }], [{ meta: { posts: [2, 1] } }])).toBe('stale')
  })

  it('by a raw query is ordered where the statement says so', async () => {
    const raw = (sql: string) => ({ model: '$raw', operation: '$queryRaw', args: { sql, values: [] } })
    const [rows, turned] = [
      [{ id: 1 }, { id: 2 }],
      [{ id: 2 }, { id: 1 }],
    ]
    expect(await compared(rows, turned, raw('SELECT id FROM users'))).toBe('fresh')
    expect(await compared(rows, turned, raw('SELECT id FROM users\nOrder\n by id'))).toBe('stale')
    const unsafe = ['SELECT id FROM users ORDER BY id'] as unknown as ReadCall['args']
    expect(await compared(rows, turned, { ...raw(''), args: unsafe })).toBe('stale')
  })

  it('is gone where an `…OrThrow` throws that there is none, and only there', async () => {
    const none = () => {
      throw Object.assign(new Error('none'), { code: 'P2025' })
    }
    expect(await outcome({ served: {}, database: [none], operation: 'findUniqueOrThrow' })).toBe('stale')
    expect(await outcome({ served: {}, database: [none], operation: 'findUnique' })).toBe('error')
  })

  it('is not compared with fields another extension needs', async () => {
    const omitted = { fields: ['secret'], relations: new Map() }
    const database = [always([{ id: 1, secret: 's' }])]
    expect(await outcome({ served: [{ id: 1 }], database, omitted })).toBe('')
  })

  it('is not compared with rows that may be uncommitted', async () => {
    const end = connection.begin()
    expect(await outcome({ served: 1, database: [always(2)] })).toBe('')
    end()
    expect(await outcome({ served: 1, database: [always(2)] })).toBe('stale')
    const meanwhile = () => {
      connection.begin()()
      return 2
    }
    expect(await outcome({ served: 1, database: [always(2), meanwhile] })).toBe('')
  })

  it('is not compared with a null of a `findUnique` that Prisma may have merged with others', async () => {
    const call = { model: 'Tag', operation: 'findUnique', args: { where: { name: 'a ' } } }
    const none = () => context.merged.send('Tag', 'findUnique', async () => null)
    expect(await outcome({ served: {}, database: [none], ...call })).toBe('stale')
    const merged = async () => (await Promise.all([none(), none()]))[0]
    expect(await outcome({ served: {}, database: [merged], ...call })).toBe('')
  })
})

describe('a difference', () => {
  const differing = { served: 1, database: [always(2)] }

  it('is stale when it stays and no tag moves; the entry is removed', async () => {
    const { asked } = hit(differing)
    await reading()
    expect(events).toEqual([])
    vi.advanceTimersByTime(AFTER_MS - 1)
    await reading()
    expect(asked()).toBe(1)
    vi.advanceTimersByTime(1)
    await reading()
    expect(asked()).toBe(2)
    expect(events).toEqual([
      { type: 'verify', model: 'User', operation: 'findMany', key: 'key', ageMs: 40, outcome: 'stale' },
    ])
    expect(removed).toEqual(['key'])
  })

  it('is late when a tag has moved by then, and says within what time', async () => {
    const late = { type: 'verify', outcome: 'late', ageMs: 40 }
    hit(differing)
    changed = 2
    await reading()
    expect(events).toMatchObject([{ ...late, invalidatedWithinMs: 0 }])

    changed = 1
    hit(differing)
    await reading()
    changed = 2
    now += 700
    await moment()
    expect(events).toMatchObject([{}, { ...late, invalidatedWithinMs: 700 }])

    changed = 1
    const moving = () => {
      changed = 2
      return 2
    }
    hit({ served: 1, database: [always(2), moving] })
    await reading()
    await moment()
    expect(events).toMatchObject([{}, {}, { ...late, invalidatedWithinMs: 0 }])
    expect(removed).toEqual([])
  })

  it('is late while a writer holds a tag', async () => {
    hit(differing)
    await reading()
    changed = LOCKED
    await moment()
    expect(events).toMatchObject([{ outcome: 'late' }])
  })

  it('that is gone at the second look was none', async () => {
    expect(await outcome({ served: 1, database: [always(2), always(1)] })).toBe('fresh')
  })
})

describe('how many', () => {
  it('is a matter of chance', async () => {
    random = 0.5
    expect(hit({ served: 1, database: [always(1)] }).asked()).toBe(0)
    random = 0.49
    expect(hit({ served: 1, database: [always(1)] }).asked()).toBe(1)
  })

  it('at one time is limited, those that wait for their moment included', async () => {
    const [first, second, third] = [1, 2, 3].map(() => hit({ served: 1, database: [always(2)] }))
    await reading()
    expect([first?.asked(), second?.asked(), third?.asked()]).toEqual([1, 1, 0])
    expect(hit({ served: 1, database: [always(1)] }).asked()).toBe(0)
    await moment()
    expect(hit({ served: 1, database: [always(1)] }).asked()).toBe(1)
  })

  it('is not used up by what went wrong', async () => {
    const failing = () => {
      throw new Error('database')
    }
    for (const database of [failing, failing, failing]) await outcome({ served: 1, database: [database] })
    storeFault = new Error('store')
    for (let i = 0; i < 3; i += 1) await outcome({ served: 1, database: [always(1)] })
    storeFault = undefined
    expect(await outcome({ served: 1, database: [always(1)] })).toBe('fresh')
  })
})

describe('what goes wrong', () => {
  it.each([
    ['in the database', () => Promise.reject(new Error('wrong'))],
    ['in comparing', () => [() => 'no value']],
    [
      'in the store',
      () => {
        storeFault = new Error('wrong')
        return 2
      },
    ],
  ])('%s is an error event and nothing else', async (_, answer) => {
    expect(await outcome({ served: 1, database: [answer] })).toBe('error')
    expect(events).toMatchObject([{ during: 'verify', model: 'User', operation: 'findMany' }])
  })

  it('while a stale entry is removed is told beside it', async () => {
    hit({ served: 1, database: [always(2)] })
    await reading()
    Object.assign(context.store, {
      remove: () => Promise.reject(Object.assign(new Error('words'), { args: ['s3cret'] })),
    })
    await moment()
    await holds(() => expect(events.map(({ type }) => type).sort()).toEqual(['error', 'verify']))
    expect(JSON.stringify(events)).not.toContain('s3cret')
  })

  it('of the store is told in words only', async () => {
    storeFault = Object.assign(new Error('words'), { command: { args: ['s3cret'] } })
    await outcome({ served: 1, database: [always(2)] })
    expect(events).toMatchObject([{ error: { message: 'words', code: 'CACHE_STORE_UNAVAILABLE' } }])
    expect(JSON.stringify(events)).not.toContain('s3cret')
  })
})

describe('the end', () => {
  it('is not waited for: neither a moment under way nor one that would begin', async () => {
    const waiting = hit({ served: 1, database: [always(2)] })
    await reading()
    expect(vi.getTimerCount()).toBe(1)
    const asking = hit({ served: 1, database: [always(2)] })
    verifications.stop()
    expect(vi.getTimerCount()).toBe(0)
    await reading()
    await moment()
    expect([waiting.asked(), asking.asked()]).toEqual([1, 1])
    expect(hit({ served: 1, database: [always(1)] }).asked()).toBe(0)
    expect(events).toEqual([])
  })
})
