import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventHub, NOT_TIMED } from '../../../src/events.ts'
import { Policies } from '../../../src/policy/resolve-policy.ts'
import { derivedTags } from '../../../src/query/derived-tags.ts'
import { Admission } from '../../../src/read/admission.ts'
import { planRead } from '../../../src/read/plan-read.ts'
import { type PlannedForms, plannedForms } from '../../../src/read/planned-forms.ts'
import { plannedQueries } from '../../../src/read/planned-queries.ts'
import type { ReadContext } from '../../../src/read/read-context.ts'
import { ShapeAllowance } from '../../../src/read/shape-allowance.ts'
import { scenarios, tablesOf } from '../../model/soundness/queries.ts'
import { type Args, answer, type Read } from '../../model/soundness/tables.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'

const shop = graphOf(testSchema)
const policies = new Policies({ defaults: { ttl: 60 } }, shop)

function planOf({ model, operation, args }: Pick<Read, 'model' | 'operation' | 'args'>, forms: PlannedForms) {
  const context: Partial<ReadContext> = {
    graph: shop,
    policies,
    precision: { of: () => 'shape', maxTags: 16, maxRowTags: 32 },
    queries: plannedQueries(),
    forms,
    admission: new Admission(new EventHub(), { refuses: false, isRemote: false }),
    allowance: new ShapeAllowance(() => 0),
    preambles: new WeakMap(),
    events: new EventHub(),
    prefix: '',
    fingerprint: '',
    globalOmit: {},
    vary: undefined,
  }
  const call = { model, operation, args, dataPath: [], run: async () => null, begun: NOT_TIMED }
  return planRead(call, undefined, context as ReadContext)
}

/** Knows no form, and plans each read by itself. */
const NO_FORMS = { get: () => ({ of: undefined, account: undefined }) } as unknown as PlannedForms

/** All that a read may depend on, and what its result makes of it. */
function dependenciesOf(read: Pick<Read, 'model' | 'operation' | 'args'>, forms: PlannedForms, result?: unknown) {
  const plan = planOf(read, forms)
  if (plan.kind === 'bypass') return plan
  const { key, tags, guards, absence, shapes, omitted } = plan
  const parts = plan.parts.map(({ tags, derivation }) => ({
    tags,
    rows: derivation?.place.rows,
    shapes: derivation?.shapes,
    derived: derivation && derivedTags(shop, derivation, result),
  }))
  return { key, tags, guards, absence, shapes, omitted, parts }
}

/** The same arguments with other values in their conditions. */
function withValues(args: Args, values: readonly unknown[]): Args {
  let next = 0
  const other = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(other)
    if (typeof value !== 'object' || value === null || value instanceof Date) return values[next++ % values.length]
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, other(member)]))
  }
  const within = (key: string, value: unknown): unknown => {
    if (key === 'where' || key === 'cursor') return other(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, within(name, member)]))
  }
  return within('', args) as Args
}

const values = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(1, 2, 3) },
  { weight: 4, arbitrary: fc.constantFrom<unknown>('ada', 'Ada', 'bob', '', '\u0000' + '0\u0000') },
  {
    weight: 3,
    arbitrary: fc.constantFrom<unknown>(null, undefined, true, false, 5n, Number.NaN, -0, 1.5, 2 ** 60, new Date(0)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>([], ['ada'], {}, { modelName: 'User', name: 'id', typeName: 'Int' }, () => {}),
  },
)

describe('a read that is planned by its form', () => {
  it('depends on what it would depend on if it were planned by itself', () => {
    const forms = plannedForms()
    let byForm = 0
    fc.assert(
      fc.property(scenarios, fc.array(values, { minLength: 1, maxLength: 6 }), ({ contents, reads }, others) => {
        const tables = tablesOf(contents)
        for (const read of reads) {
          const known = forms.size
          const result = answer(tables, read)
          expect(dependenciesOf(read, forms, result)).toEqual(dependenciesOf(read, NO_FORMS, result))
          if (forms.size === known) byForm += 1
          const other = { ...read, args: withValues(read.args, others) }
          expect(dependenciesOf(other, forms, result)).toEqual(dependenciesOf(other, NO_FORMS, result))
        }
      }),
      { seed: 1, numRuns: 60 },
    )
    expect(byForm).toBeGreaterThan(100)
  })

  const plan = (args: Args, operation: Read['operation'] = 'findMany', forms = plannedForms()) =>
    dependenciesOf({ model: 'Post', operation, args }, forms)

  it('shares its plan with reads that differ in values', () => {
    const forms = plannedForms()
    for (const authorId of [1, 2, 3]) {
      plan(
        { where: { authorId, title: { contains: `${authorId}` }, author: { email: `${authorId}` } } },
        'findMany',
        forms,
      )
    }
    expect(forms.size).toBe(1)
  })

  it.each<[string, Args, Args]>([
    ['NULL', { where: { authorId: 1 } }, { where: { authorId: null } }],
    ['no value', { where: { authorId: 1 } }, { where: { authorId: undefined } }],
    ['a value that has no text', { where: { id: 1 } }, { where: { id: 2 ** 60 } }],
    ['a list of other length', { where: { id: { in: [1] } } }, { where: { id: { in: [1, 2] } } }],
    [
      'branches that say the same',
      { where: { OR: [{ id: 1 }, { id: 2 }] } },
      { where: { OR: [{ id: 1 }, { id: 1 }] } },
    ],
    ['another page', { where: { authorId: 1 }, take: 2 }, { where: { authorId: 1 }, take: 2, skip: 1 }],
    ['a page of another length', { where: { authorId: 1 }, take: 2 }, { where: { authorId: 1 }, take: 2000 }],
    [
      'a column in the place of a value',
      { where: { authorId: 1 } },
      { where: { authorId: { modelName: 'Post', name: 'id', typeName: 'Int' } } },
    ],
  ])('is told apart from one with %s', (_, one, other) => {
    const forms = plannedForms()
    for (const args of [one, other]) expect(plan(args, 'findMany', forms)).toEqual(plan(args, 'findMany', NO_FORMS))
  })
})
