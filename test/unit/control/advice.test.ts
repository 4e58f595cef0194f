import { describe, expect, it } from 'vitest'
import { advice } from '../../../src/control/advice.ts'
import type { Dependency } from '../../../src/dependency.ts'
import type { Account, FormAccount } from '../../../src/read/admission.ts'

const account: FormAccount = {
  model: 'Post',
  operation: 'findMany',
  form: 'where{authorId}',
  isAdmitted: false,
  pays: false,
  hits: 0,
  misses: 100,
  invalidated: 0,
  refused: 0,
  savedMs: 0,
  spentMs: 10,
  queryMs: 1,
}
const whole: Dependency = { model: 'Post', precision: 'shape', fields: [] }

function of(told: Partial<FormAccount>, dependencies?: readonly Dependency[]): Account {
  return { told: () => ({ ...account, ...told }), dependencies: dependencies && (() => dependencies) } as Account
}
const forms = (...accounts: Account[]) => advice(accounts, []).forms
const verdict = (told: Partial<FormAccount>) => forms(of(told))[0]?.verdict

describe('the verdict on a form', () => {
  it.each<[string, Partial<FormAccount>]>([
    ['too-few-reads', { pays: null, invalidated: 100 }],
    ['pays', { pays: true, hits: 1, invalidated: 100 }],
    ['written-too-often', { invalidated: 51 }],
    ['never-repeated', { invalidated: 50, hits: 11 }],
    ['cheap-query', { invalidated: 50, hits: 12 }],
  ])('is %s', (wanted, told) => {
    expect(verdict(told)).toBe(wanted)
  })
})

describe('advice', () => {
  it('has those that save most first, and none that was never read', () => {
    const told = forms(
      of({ form: 'wastes', spentMs: 50 }),
      of({ form: 'planned, and never read', misses: 0 }),
      of({ form: 'saves', savedMs: 50 }),
      of({ form: 'refused', misses: 0, refused: 3, spentMs: 20 }),
    )
    expect(told.map(({ form }) => form)).toEqual(['saves', 'refused', 'wastes'])
  })

  it('tells which share of its reads is refused', () => {
    expect(forms(of({ hits: 10, misses: 15, refused: 75 }))[0]?.refusedShare).toBe(0.75)
    expect(forms(of({}))[0]?.refusedShare).toBe(0)
  })

  it('says once how to lose fewer entries, where entries were lost', () => {
    const hint = expect.stringMatching(/^No column of Post is compared by equality/)
    expect(forms(of({ invalidated: 1 }, [whole, whole]))[0]?.hints).toEqual([hint])
    expect(forms(of({ invalidated: 0 }, [whole]))[0]?.hints).toEqual([])
    expect(forms(of({ invalidated: 1 }))[0]?.hints, 'planned read by read').toEqual([])
    const row: Dependency = { model: 'Post', precision: 'row', fields: ['id'] }
    expect(forms(of({ invalidated: 1 }, [row]))[0]?.hints, 'as fine as can be').toEqual([])
  })

  it('names reads without a ttl that are made often, and more often than their model is written', () => {
    const reads = (operation: string, count: number, writes = 0) => ({ model: 'Tag', operation, reads: count, writes })
    const all = [reads('count', 99), reads('findFirst', 100), reads('findMany', 200, 199), reads('groupBy', 300, 300)]
    expect(advice([], all).uncached.map(({ operation }) => operation)).toEqual(['findMany', 'findFirst'])
  })
})
