import { beforeEach, describe, expect, it } from 'vitest'
import { type Envelope, writeEnvelope } from '../../../src/codec/envelope.ts'
import { encode } from '../../../src/codec/typed-json.ts'
import { type CacheEvent, EventHub } from '../../../src/events.ts'
import { nearHit } from '../../../src/read/near-hit.ts'
import type { ReadContext } from '../../../src/read/read-context.ts'
import { copyOf, RecentEntries } from '../../../src/read/recent-entries.ts'
import type { LookUp } from '../../../src/stores/store.ts'
import { LOCKED, type TagClock } from '../../../src/tags/tag-clocks.ts'
import { planOf, policy } from './plan-of.ts'

const plan = planOf(['Post', 'User'])
const rows = [{ id: 1, tags: ['a'] }]
const envelope: Envelope = {
  readAt: 1_000_000,
  freshForMs: 60_000,
  keptForMs: 60_000,
  tookMs: 0,
  check: '-',
  stamps: [
    { epoch: 'AAAAAAAAAAAA', clock: 5 },
    { epoch: 'BBBBBBBBBBBB', clock: 7 },
  ],
  tags: [],
  payload: encode(rows),
}
const bytes = writeEnvelope(envelope)
const depends = { tags: plan.tags, stamps: envelope.stamps }
const [post, user] = envelope.stamps.map(({ epoch, clock }) => ({ epoch, now: clock + 1, changed: clock })) as [
  TagClock,
  TagClock,
]
let found: LookUp | undefined
let now: number
let events: CacheEvent[]
let context: ReadContext

beforeEach(() => {
  now = 1_000_000
  events = []
  found = { entry: bytes, clocks: [post, user] }
  const hub = new EventHub()
  hub.on('*', (event) => events.push(event))
  const recent = new RecentEntries()
  recent.remember(plan, bytes, envelope, depends)
  copyOf(recent.of(plan) ?? expect.unreachable(), () => expect.unreachable())
  context = {
    recent,
    events: hub,
    clock: () => now,
    store: { near: () => found },
  } as Partial<Record<keyof ReadContext, unknown>> as ReadContext
})

describe('the short way of a hit', () => {
  it('answers with a value of its own each time, and says so', () => {
    const [one, other] = [nearHit(plan, context), nearHit(plan, context)]
    expect([one, other]).toEqual([{ value: rows }, { value: rows }])
    expect(one?.value).not.toBe(other?.value)
    const [row] = (one as { value: typeof rows }).value
    row?.tags.push('scribble')
    expect(nearHit(plan, context)).toEqual({ value: rows })
    expect(events[0]).toEqual({
      type: 'hit',
      model: 'User',
      operation: 'findMany',
      key: 'key',
      ageMs: 0,
      freshForMs: 60_000,
      tier: 'near',
      tags: ['Post', 'User'],
    })
  })

  it.each<[string, () => void]>([
    ['there is no entry without a round trip', () => (found = undefined)],
    ['it is another one', () => (found = { entry: `${bytes} `, clocks: [post, user] })],
    ['one of its tags changed', () => (found = { entry: bytes, clocks: [post, { ...user, changed: 8 }] })],
    ['one of its tags is locked', () => (found = { entry: bytes, clocks: [LOCKED, user] })],
    [
      'one of its records began anew',
      () => (found = { entry: bytes, clocks: [{ ...post, epoch: 'CCCCCCCCCCCC' }, user] }),
    ],
    [
      'one of its tags changed softly',
      () => (found = { entry: bytes, clocks: [post, { ...user, soft: { clock: 8, until: now + 1 } }] }),
    ],
    ['it has expired', () => (now += 60_000)],
  ])('is not taken where %s', (_, change) => {
    change()
    expect(nearHit(plan, context)).toBeUndefined()
    expect(events).toEqual([])
  })

  it('is not taken by a call that accepts less, wants it anew, or asks for another query of that name', () => {
    now += 5000
    expect(nearHit({ ...plan, policy: { ...policy, ttlMs: 5000 } }, context)).toBeUndefined()
    expect(nearHit({ ...plan, policy: { ...policy, refresh: true } }, context)).toBeUndefined()
    expect(nearHit({ ...plan, check: 'another' }, context)).toBeUndefined()
    expect(nearHit(plan, context)).toBeDefined()
  })

  it('is not taken beyond the life the entry was given, whatever a call accepts', () => {
    const lasting = { ...plan, policy: { ...policy, ttlMs: 600_000 } }
    now += 59_999
    expect(nearHit(lasting, context)).toBeDefined()
    now += 1
    expect(nearHit(lasting, context)).toBeUndefined()
  })

  it('is not taken of `null` beyond the time a call accepts it for', () => {
    const nothing = { ...envelope, payload: encode(null) }
    const text = writeEnvelope(nothing)
    context.recent.remember(plan, text, nothing, depends)
    copyOf(context.recent.of(plan) ?? expect.unreachable(), () => expect.unreachable())
    found = { entry: text, clocks: [post, user] }
    const impatient = { ...plan, policy: { ...policy, nullTtlMs: 5000 } }
    expect(nearHit(impatient, context)).toEqual({ value: null })
    now += 5000
    expect(nearHit(impatient, context)).toBeUndefined()
  })

  it('is not taken where the entry may be due to be renewed early', () => {
    const slow = { ...envelope, tookMs: 5000 }
    const text = writeEnvelope(slow)
    context.recent.remember(plan, text, slow, depends)
    copyOf(context.recent.of(plan) ?? expect.unreachable(), () => expect.unreachable())
    found = { entry: text, clocks: [post, user] }
    now += 59_000
    expect(nearHit({ ...plan, policy: { ...policy, earlyRefresh: 1 } }, context)).toBeUndefined()
    expect(nearHit(plan, context)).toBeDefined()
  })

  it('tells no age below 0 where a clock was ahead', () => {
    now -= 1000
    nearHit(plan, context)
    expect(events[0]).toMatchObject({ ageMs: 0, freshForMs: 60_000 })
  })

  it('is not taken where hits are judged or verified, or before an entry was decoded once', () => {
    expect(nearHit(plan, { ...context, verifications: {} as never })).toBeUndefined()
    expect(nearHit({ ...plan, policy: { ...policy, validate: () => true } }, context)).toBeUndefined()
    const recent = new RecentEntries()
    recent.remember(plan, bytes, envelope, depends)
    expect(nearHit(plan, { ...context, recent })).toBeUndefined()
  })
})

describe('a recent entry', () => {
  it('hands out tags that no listener can change', () => {
    const tags = context.recent.of(plan)?.tags as string[]
    expect(() => tags.push('x')).toThrow(TypeError)
  })

  it('is looked up with the guards of its query', () => {
    const guarded = { ...plan, guards: ['Post'] }
    context.recent.remember(guarded, bytes, envelope, { ...depends, tags: ['Post?1', 'User'] })
    expect(context.recent.of(guarded)?.asked).toEqual(['Post?1', 'User', 'Post'])
  })
})
