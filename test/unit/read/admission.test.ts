import { beforeEach, describe, expect, it } from 'vitest'
import { type CacheEventOf, EventHub } from '../../../src/events.ts'
import { type Account, Admission } from '../../../src/read/admission.ts'

/** As in the source: reads between two judgements, and parts of the values. */
const ROUND = 32
const PARTS = 32
/** Reads until another part has its turn: of forms with values, and of those without. */
const TURN = 1024
const SHORT_TURN = 32
/** Queries until the load of the process is looked at. */
const QUERIES = 256
/** Forms that are kept. */
const MAX_FORMS = 2000

let admission: Admission
let events: CacheEventOf<'admission'>[]

function opened(options: Partial<ConstructorParameters<typeof Admission>[1]> = {}): Admission {
  const hub = new EventHub()
  events = []
  hub.on('admission', (event) => void events.push(event))
  return new Admission(hub, { refuses: true, isRemote: false, ...options })
}
beforeEach(() => {
  admission = opened()
})

const formOf = (form = 'where{id}') => admission.of('User', 'findMany', form)
const isRefused = () => admission.mayRefuse('User', 'findMany')
/** A read that was planned, asked of the database and stored in vain. */
function miss(account: Account, { queryMs = 1, wasInvalidated = false } = {}): void {
  account.planned(0.1)
  account.lookedUp(0.01)
  account.miss(wasInvalidated)
  account.queried(queryMs)
  account.filled(0.1)
}
const times = (count: number, run: (i: number) => void) => Array.from({ length: count }, (_, i) => run(i))
function refused(form?: string): Account {
  const account = formOf(form)
  times(8 * ROUND, () => miss(account))
  expect(account.isAdmitted).toBe(false)
  return account
}
/** Values that are in so many parts of all. */
const valuesOf = (count: number) => Array.from({ length: count }, (_, i) => [String(i)])

describe('a form of reads', () => {
  it('that is never hit is refused after so many reads, and not before', () => {
    const account = formOf()
    times(8 * ROUND - 1, () => miss(account))
    expect([account.isAdmitted, isRefused(), events]).toEqual([true, false, []])
    miss(account)
    expect([account.isAdmitted, isRefused()]).toEqual([false, true])
    expect(events).toEqual([
      { type: 'admission', state: 'refused', model: 'User', operation: 'findMany', form: 'where{id}' },
    ])
    expect(admission.mayRefuse('User', 'count')).toBe(false)
  })

  it('is refused sooner where all forms together lose', () => {
    times(4, (i) => times(8 * ROUND, () => miss(formOf(`other ${i}`))))
    const account = formOf()
    times(2 * ROUND - 1, () => miss(account))
    expect(account.isAdmitted).toBe(true)
    miss(account)
    expect(account.isAdmitted).toBe(false)
  })

  it('is not refused sooner where others pay for it', () => {
    const other = formOf('other')
    times(32 * ROUND, (i) => (i % 4 === 0 ? miss(other) : other.hit()))
    const account = formOf()
    times(8 * ROUND - 1, () => miss(account))
    expect(account.isAdmitted).toBe(true)
  })

  it('of which caching pays is never refused', () => {
    const account = formOf()
    times(100 * ROUND, (i) => (i % 4 === 0 ? miss(account) : account.hit()))
    expect(account.told()).toMatchObject({ isAdmitted: true, pays: true, refused: 0, queryMs: 1 })
    expect(events).toEqual([])
  })

  it('is refused when its query costs less than what misses and fills take, however often it is hit', () => {
    const account = formOf()
    times(12 * ROUND, (i) => (i % 4 === 0 ? miss(account, { queryMs: 0.02 }) : account.hit()))
    expect(account.told()).toMatchObject({ isAdmitted: false, pays: false })
  })

  it('is refused when it stops paying: what was long ago counts little', () => {
    const account = formOf()
    times(20 * ROUND, (i) => (i % 4 === 0 ? miss(account) : account.hit()))
    times(20 * ROUND, () => miss(account))
    expect(account.isAdmitted).toBe(false)
  })

  it('is not judged while nobody knows what its query takes: another process stores what is hit here', () => {
    const account = formOf()
    times(10 * ROUND, () => {
      account.planned(0.1)
      account.hit()
    })
    expect(account.told()).toMatchObject({ isAdmitted: true, pays: null, savedMs: 0, queryMs: 0 })
  })

  it('is counted in full, and no value is in its name', () => {
    const account = formOf()
    miss(account, { queryMs: 3 })
    miss(account, { queryMs: 2, wasInvalidated: true })
    account.hit()
    const { savedMs, spentMs, ...told } = account.told()
    expect(told).toEqual({
      model: 'User',
      operation: 'findMany',
      form: 'where{id}',
      isAdmitted: true,
      pays: null,
      hits: 1,
      misses: 2,
      invalidated: 1,
      refused: 0,
      queryMs: 2,
    })
    // The query but for the look-up; plans and fills with what no clock shows.
    expect(savedMs).toBeCloseTo(2 - 0.01)
    expect(spentMs).toBeCloseTo(2 * (4 * (0.1 + 0.1) + 0.01))
  })

  it('is never refused with `always`, and counted all the same', () => {
    admission = opened({ refuses: false })
    const account = formOf()
    times(10 * ROUND, () => miss(account))
    expect(account.told()).toMatchObject({ isAdmitted: true, pays: false, misses: 10 * ROUND })
    expect([isRefused(), events, account.admits([])]).toEqual([false, [], true])
  })
})

describe('the load of the process', () => {
  /** One read in two is hit, of a query that takes 5 ms and this much of the processor, as the usage tells. */
  function isAdmittedWith({ cpuMs, isBusy, isRemote = false }: { cpuMs: number; isBusy: boolean; isRemote?: boolean }) {
    const now = { cpu: 0, active: 0, idle: 0 }
    admission = opened({ usage: () => ({ ...now }), isRemote })
    const account = formOf()
    times(2 * (QUERIES + 4 * ROUND), (i) => {
      if (i % 2 === 0) return account.hit()
      now.cpu += cpuMs
      if (isBusy) now.active += 5
      else now.idle += 5
      miss(account, { queryMs: 5 })
    })
    return account.isAdmitted
  }

  it('counts where it is always busy: a hit saves no more than what a query takes of it', () => {
    expect(isAdmittedWith({ cpuMs: 0.4, isBusy: true })).toBe(false)
    expect(isAdmittedWith({ cpuMs: 2, isBusy: true })).toBe(true)
  })

  it('does not count where it waits: a hit saves the whole wait', () => {
    expect(isAdmittedWith({ cpuMs: 0.4, isBusy: false })).toBe(true)
    expect(isAdmittedWith({ cpuMs: 0.4, isBusy: false, isRemote: true })).toBe(true)
  })
})

describe('of a form that is refused', () => {
  it('a small share of the values goes on using the cache, always the same ones', () => {
    const account = refused()
    const admitted = () => valuesOf(TURN / 4).filter((values) => account.admits(values))
    const first = admitted()
    expect(first.length).toBeGreaterThan(0)
    expect(first.length).toBeLessThan((2 * TURN) / 4 / PARTS)
    expect(admitted()).toEqual(first)
    expect(account.told().refused, 'asked, and not read').toBe(0)
    account.refused()
    expect(account.told().refused).toBe(1)
  })

  it('every value has its turn', () => {
    const account = refused()
    const [all, seen] = [valuesOf(TURN / 4), new Set<string>()]
    times(4 * PARTS, () => all.filter((values) => account.admits(values)).map(([value = '']) => seen.add(value)))
    expect(seen.size).toBe(all.length)
  })

  it.each([
    ['without values', [], SHORT_TURN],
    ['of which one value is read', ['1'], TURN],
  ])('reads %s take turns, and a turn ends', (_, values, turn) => {
    const account = refused()
    const told = times(3 * PARTS * turn, () => account.admits(values)) as unknown as boolean[]
    expect(told.filter(Boolean)).toHaveLength(3 * turn)
  })

  it('the share shows when caching pays again, and it is told once', () => {
    const account = refused()
    times(10 * ROUND, (i) => (i % 8 === 0 ? miss(account, { queryMs: 5 }) : account.hit()))
    expect(account.told()).toMatchObject({ isAdmitted: true, pays: true })
    expect(events.map(({ state }) => state)).toEqual(['refused', 'admitted'])
    expect([isRefused(), admission.counts()]).toEqual([false, { admitted: 1, refused: 0 }])
  })

  it('the share shows that it does not pay yet, too', () => {
    const account = refused()
    times(10 * ROUND, () => miss(account))
    expect(account.isAdmitted).toBe(false)
    expect(events).toHaveLength(1)
  })
})

describe('the ledger', () => {
  it('tells how many forms are refused, and of which operations', () => {
    refused('where{a}')
    const other = refused('where{b}')
    formOf('where{c}')
    expect(admission.counts()).toEqual({ admitted: 1, refused: 2 })
    times(10 * ROUND, (i) => (i % 8 === 0 ? miss(other, { queryMs: 5 }) : other.hit()))
    expect([admission.counts(), isRefused()]).toEqual([{ admitted: 2, refused: 1 }, true])
  })

  it('has one account for a form', () => {
    expect(formOf()).toBe(formOf())
    expect(formOf('where{name}')).not.toBe(formOf())
    expect(admission.accounts().map(({ form }) => form)).toEqual(['where{id}', 'where{name}'])
  })

  it('forgets forms beyond its bound, and what is refused of them', () => {
    const account = refused()
    times(MAX_FORMS, (i) => admission.of('Post', 'count', `form ${i}`))
    expect([isRefused(), admission.accounts().length]).toEqual([false, MAX_FORMS])
    expect(admission.counts()).toEqual({ admitted: MAX_FORMS, refused: 0 })
    expect(account.admits(['1']), 'plans know it still').toBe(true)
  })

  it('takes a form back that was forgotten while plans went on counting', () => {
    const account = formOf()
    times(MAX_FORMS, (i) => admission.of('Post', 'count', `form ${i}`))
    expect(admission.accounts()).not.toContain(account)
    times(8 * ROUND, () => miss(account))
    expect(admission.accounts()).toContain(account)
    expect([account.isAdmitted, isRefused(), admission.counts().refused]).toEqual([false, true, 1])
    times(10 * ROUND, (i) => (i % 8 === 0 ? miss(account, { queryMs: 5 }) : account.hit()))
    expect([account.isAdmitted, isRefused(), admission.counts().refused]).toEqual([true, false, 0])
  })

  it('counts none below nothing: one that was forgotten while refused pays again', () => {
    const account = refused()
    times(MAX_FORMS, (i) => admission.of('Post', 'count', `form ${i}`))
    times(10 * ROUND, (i) => (i % 8 === 0 ? miss(account, { queryMs: 5 }) : account.hit()))
    refused('where{name}')
    expect([isRefused(), admission.counts().refused]).toEqual([true, 1])
  })
})
