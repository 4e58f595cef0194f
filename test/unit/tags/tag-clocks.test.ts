import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClockRecord } from '../../../src/stores/clock-record.ts'
import {
  changesText,
  FIRST_SLOTS,
  graceUntil,
  isCurrent,
  LOCKED,
  newToken,
  recordOf,
  type SeenTag,
  stampsOf,
  type TagClock,
} from '../../../src/tags/tag-clocks.ts'

const stamp = { epoch: 'AAAAAAAAAAAA', clock: 5 }
const clock = (over: Partial<TagClock> = {}): TagClock => ({ epoch: stamp.epoch, now: 9, changed: 5, ...over })

describe('a token', () => {
  it('never repeats, through many pools of randomness', () => {
    expect(new Set(Array.from({ length: 10_000 }, newToken)).size).toBe(10_000)
  })

  it('needs no escaping where entries list their stamps', () => {
    expect(newToken()).toMatch(/^[\w-]{12}$/)
  })
})

describe('a stamp is current', () => {
  it.each<[string, boolean, Parameters<typeof isCurrent>[1]]>([
    ['while the tag has not changed since', true, clock()],
    ['not once the tag changed later', false, clock({ changed: 6 })],
    ['not in another epoch', false, clock({ epoch: 'BBBBBBBBBBBB', changed: 0 })],
    ['not while the tag is locked', false, LOCKED],
    ['not without a look-up', false, undefined],
    ['not after a soft change', false, clock({ soft: { clock: 6, until: 1000 } })],
    ['when it was taken after the soft change', true, clock({ soft: { clock: 5, until: 1000 } })],
  ])('%s', (_, expected, seen) => {
    expect(isCurrent(stamp, seen)).toBe(expected)
  })

  it('and in its grace only where nothing but a soft change came after it', () => {
    const soft = { clock: 6, until: 1000 }
    expect(graceUntil(stamp, clock({ soft }))).toBe(1000)
    expect(graceUntil(stamp, clock({ soft, changed: 6 }))).toBe(0)
    expect(graceUntil(stamp, clock({ soft, epoch: 'BBBBBBBBBBBB' }))).toBe(0)
    for (const seen of [clock(), LOCKED, undefined] as const) expect(graceUntil(stamp, seen)).toBe(0)
  })
})

describe('records', () => {
  it.each([
    ['Post', 'Post'],
    ['Post:id=1', 'Post'],
    ['Post?authorId=5&a1b2c3', 'Post'],
    ['#team', '#'],
    ['@catalog', '@'],
    ['=user:1', '='],
    ['%x7Yw#team', '%'],
  ])('the tag %s belongs to %s', (tag, record) => {
    expect(recordOf(tag)).toBe(record)
  })

  it('are stamped with the clock they were first seen at', () => {
    const seen = new Map<string, SeenTag>([
      ['Post', clock({ now: 3 })],
      ['Post:id=1', clock({ now: 4 })],
      ['#team', LOCKED],
    ])
    expect([...stampsOf(seen)]).toEqual([['Post', { epoch: stamp.epoch, clock: 3 }]])
  })

  it('are named by their latest change, whatever else the record went through', () => {
    const text = (...clocks: TagClock[]) => changesText(clocks.map((one, i) => [`Post:id=${i}`, one]))
    expect(text(clock({ changed: 4 }), clock({ changed: 2 }))).toBe(
      text(clock({ changed: 4, now: 20 }), clock({ changed: 1 })),
    )
    expect(text(clock({ changed: 4 }))).not.toBe(text(clock({ changed: 5 })))
    expect(text(clock())).not.toBe(text(clock({ epoch: 'BBBBBBBBBBBB' })))
    expect(text(clock())).not.toBe(text(clock({ soft: { clock: 6, until: 1 } })))
  })
})

describe('a clock record in the process', () => {
  it('never takes a tag that changed for one that did not, however it grows', () => {
    const hash = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    fc.assert(
      fc.property(fc.array(fc.array(hash, { maxLength: 400 }), { maxLength: 12 }), (changes) => {
        const record = new ClockRecord()
        const last = new Map<number, number>()
        for (const hashes of changes) {
          record.advance(hashes)
          for (const one of hashes) last.set(one, record.now)
        }
        for (const [one, at] of last) expect(record.changedAt(one)).toBeGreaterThanOrEqual(at)
      }),
    )
  })

  it('keeps tags apart that differ in a number', () => {
    const record = new ClockRecord()
    record.advance(Array.from({ length: FIRST_SLOTS }, (_, i) => i * 2))
    expect(record.changedAt(1)).toBe(0)
  })

  it('that begins anew has another epoch, and no changes', () => {
    const record = new ClockRecord()
    const { epoch } = record
    record.advance([1])
    record.begin()
    expect(record.epoch).not.toBe(epoch)
    expect(record.changedAt(1)).toBe(0)
  })
})
