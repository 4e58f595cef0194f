import fc from 'fast-check'
import { keysOf, mentions } from './mentions.ts'
import { nearMiss } from './near-miss.ts'
import { type Read, reads } from './reads.ts'
import type { ModelShape } from './schema.ts'
import { type Args, type Grammar, record, sometimes, weighted } from './values.ts'
import { flatWrites, type ModelWrite, type Write, writes } from './writes.ts'

/** A run: cached reads that stay alive all through it, and what happens to the data meanwhile. Plain data throughout. */
export interface Scenario {
  readonly panel: readonly Read[]
  readonly steps: readonly Step[]
}

export type Step = StepKind & {
  /** Which of the cached clients takes it, where there are several on one store. */
  readonly client: number
}

type StepKind =
  | { readonly do: 'write'; readonly write: Write }
  /** Reads that are nearly the same, each sent twice at once. */
  | { readonly do: 'read'; readonly reads: readonly Read[] }
  /** A write or a transaction, and reads of the panel by others for as long as it lasts. */
  | { readonly do: 'race'; readonly action: Write | Body; readonly reads: readonly number[] }
  | { readonly do: 'batch'; readonly operations: readonly (Read | Write | PanelRead)[] }
  | { readonly do: 'transaction'; readonly body: Body }
  /** By a writer that the cache does not see, followed by `$cache.invalidate`. */
  | { readonly do: 'foreign write'; readonly write: ModelWrite }
  | { readonly do: 'invalidate'; readonly target: object }
  | { readonly do: 'clear' }

/** A read of the panel, by its number there. */
export interface PanelRead {
  readonly kind: 'panel'
  readonly read: number
}

/** An interactive transaction, or a savepoint in one. */
export interface Body {
  readonly kind: 'body'
  readonly operations: readonly (Write | Read | PanelRead | OutsideRead | Body)[]
  readonly end: 'return' | 'throw'
  /** Whether an error of one operation ends it or is passed over. */
  readonly onError: 'throw' | 'go on'
}

/** A read of the panel past the transaction, while it is open. */
export interface OutsideRead {
  readonly kind: 'outside'
  readonly read: number
}

export const PANEL_SIZE = 25
export const STEPS_PER_RUN = 30
/** Reads of the panel that are about rows which the steps write. */
const AIMED = 7

export function scenarios(grammar: Grammar): fc.Arbitrary<Scenario> {
  return record({
    panel: panels(grammar),
    steps: fc.array(step(grammar), ofLength(STEPS_PER_RUN)),
    aims: fc.array(fc.nat(9999), ofLength(AIMED)),
  }).map(({ panel, steps, aims }) => {
    const rows = steps.flatMap((one) => rowsWritten(grammar, one))
    const aimed = aims.flatMap((aim) => {
      const row = rows[aim % rows.length]
      return row ? [readOf(row, aim)] : []
    })
    return { panel: [...aimed, ...panel].slice(0, PANEL_SIZE), steps }
  })
}

interface Row {
  readonly shape: ModelShape
  readonly where: Args
}

function rowsWritten({ shapes }: Grammar, step: Step): Row[] {
  if (step.do !== 'write' || step.write.kind === 'raw write') return []
  return [...mentions(shapes, step.write)].flatMap((one) =>
    [...keysOf(one)].map((where) => ({ shape: one.shape, where })),
  )
}

/** The row alone or with a relation, as `choice` has it. */
function readOf({ shape, where }: Row, choice: number): Read {
  const relation = shape.relations[choice % (2 * shape.relations.length)]
  const args = relation ? { where, include: { [relation.name]: true } } : { where }
  return { kind: 'read', model: shape.name, operation: 'findUnique', args, hops: [] }
}

function ofLength(length: number) {
  return { minLength: length, maxLength: length }
}

/** A read, and some that differ from it in one place. */
function family(grammar: Grammar, most: number): fc.Arbitrary<Read[]> {
  return fc
    .tuple(reads(grammar), fc.array(fc.nat(999), { maxLength: most }))
    .map(([read, choices]) => [read, ...choices.map((choice) => nearMiss(read, choice))])
}

function panels(grammar: Grammar): fc.Arbitrary<Read[]> {
  return fc.array(family(grammar, 2), ofLength(PANEL_SIZE)).map((families) => families.flat())
}

function step(grammar: Grammar): fc.Arbitrary<Step> {
  const write = writes(grammar)
  const inPanel = fc.nat(PANEL_SIZE - 1)
  const panelRead = inPanel.map((number): PanelRead => ({ kind: 'panel', read: number }))
  const kinds = weighted<StepKind>(
    [20, write.map((one) => ({ do: 'write', write: one }) as const)],
    [3, family(grammar, 8).map((reads) => ({ do: 'read', reads }) as const)],
    [
      3,
      record({
        do: fc.constant('race' as const),
        action: weighted<Write | Body>([1, write], [1, body(grammar, 1)]),
        reads: fc.array(inPanel, { minLength: 1, maxLength: 6 }),
      }),
    ],
    [
      5,
      fc
        .array(weighted<Read | Write | PanelRead>([2, write], [1, reads(grammar)], [3, panelRead]), {
          minLength: 1,
          maxLength: 5,
        })
        .map((operations) => ({ do: 'batch', operations }) as const),
    ],
    [8, body(grammar, 2).map((one) => ({ do: 'transaction', body: one }) as const)],
    [1, flatWrites(grammar).map((one) => ({ do: 'foreign write', write: one }) as const)],
    [1, invalidation(grammar).map((target) => ({ do: 'invalidate', target }) as const)],
    [1, fc.constant({ do: 'clear' } as const)],
  )
  return fc.tuple(kinds, fc.nat(1)).map(([kind, client]) => ({ ...kind, client }))
}

function body(grammar: Grammar, depth: number): fc.Arbitrary<Body> {
  return grammar.once(`body ${depth}`, () => {
    const inPanel = fc.nat(PANEL_SIZE - 1)
    const operation = weighted<Body['operations'][number]>(
      [6, writes(grammar)],
      [1, reads(grammar)],
      [2, inPanel.map((read) => ({ kind: 'panel', read }) as const)],
      // SQLite lets nobody read past an open transaction on the same client.
      [grammar.isPostgres ? 1 : 0, inPanel.map((read) => ({ kind: 'outside', read }) as const)],
      [depth > 0 ? 1 : 0, depth > 0 ? body(grammar, depth - 1) : fc.constant({} as never)],
    )
    return record({
      kind: fc.constant('body' as const),
      operations: fc.array(operation, { minLength: 1, maxLength: 4 }),
      end: weighted<Body['end']>([3, fc.constant('return')], [1, fc.constant('throw')]),
      onError: weighted<Body['onError']>([1, fc.constant('throw')], [1, fc.constant('go on')]),
    })
  })
}

function invalidation(grammar: Grammar): fc.Arbitrary<object> {
  const models = [...grammar.shapes.keys()]
  const some = sometimes({
    models: [4, fc.subarray(models, { minLength: 1, maxLength: 2 })],
    tags: [4, fc.constant(['t1'])],
    pattern: [2, fc.constantFrom(...models.map((model) => `${model}:*`))],
  })
  return some.map((target) => (Object.keys(target).length > 0 ? target : { tags: ['t2'] }))
}
