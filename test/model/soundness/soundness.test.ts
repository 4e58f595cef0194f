import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Precision } from '../../../src/dependency.ts'
import { derivedTags } from '../../../src/query/derived-tags.ts'
import type { Model } from '../../../src/query/model-graph.ts'
import type { Yields } from '../../../src/query/read-places.ts'
import { type PrecisionRules, type ReadSet, readSet } from '../../../src/query/read-set.ts'
import {
  GatheredWrites,
  tagsAlone,
  type WriteSet,
  wholeModelsWriteSet,
  writeSet,
} from '../../../src/query/write-set.ts'
import type { ShapeKey } from '../../../src/tags/shape-tags.ts'
import type { Tag } from '../../../src/tags/tag.ts'
import { ShapesInUse } from '../../../src/write/shapes-in-use.ts'
import { graphOf, testSchema } from '../../unit/query/graph-of.ts'
import { aimedAt, scenarios, tablesOf } from './queries.ts'
import { answer, type Read, type Tables } from './tables.ts'
import { type Order, performed, Refused, type Write } from './writes.ts'

const shop = graphOf(testSchema)
const modelOf = (name: string) => shop.models.get(name) as Model

/** A read that was cached, and what its entry may depend on. */
interface Cached {
  readonly read: Read
  readonly set: ReadSet
  readonly result: unknown
  readonly text: string
  readonly dependencies: readonly (readonly Tag[])[]
}

function cached(tables: Tables, read: Read, rules: PrecisionRules): Cached {
  const { model, operation, args } = read
  const yields: Yields = operation === 'findMany' ? 'rows' : operation.startsWith('find') ? 'row' : 'aggregate'
  const set = readSet(shop, modelOf(model), args, yields, rules)
  const result = answer(tables, read)
  return { read, set, result, text: show(result), dependencies: dependenciesOf(set, result) }
}

/** What the arguments tell; what the result tells instead, in all places or in one. */
function dependenciesOf(set: ReadSet, result: unknown): readonly (readonly Tag[])[] {
  const absence = result === null ? set.absence : []
  const finer = set.parts.map(({ derivation }) => derivation && derivedTags(shop, derivation, result))
  const told = finer.flatMap((tags, i) => (tags ? [i] : []))
  const withFiner = (isFiner: (place: number) => boolean) => [
    ...set.parts.flatMap(({ tags }, i) => (isFiner(i) ? (finer[i] ?? tags) : tags)),
    ...absence,
  ]
  return [[...set.tags, ...absence], withFiner(() => true), ...told.map((at) => withFiner((i) => i === at))]
}

function changesOf({ model, operation, args }: Write, result: unknown): WriteSet {
  return writeSet(shop, modelOf(model), operation, args, result)
}

function movedBy(changes: WriteSet, shapes: readonly ShapeKey[]): Set<Tag> {
  const inUse = new ShapesInUse(shop)
  for (const model of new Set(shapes.map((shape) => shape.model))) {
    const texts = shapes.flatMap((shape) => (shape.model === model ? [shape.text] : []))
    inUse.learn([{ model, version: 'v', texts }])
  }
  return new Set([...changes.tags, ...inUse.movedBy(changes)])
}

/** `undefined`: the database refused it. */
function tried(tables: Tables, write: Write, order: Order): ReturnType<typeof performed> | undefined {
  try {
    return performed(tables, write, order)
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}

/** @throws when the answer is another now and none of the tags of an entry has moved. */
function assertMoved(entry: Cached, tables: Tables, changes: WriteSet): boolean {
  const now = show(answer(tables, entry.read))
  if (entry.text === now || entry.set.obstacle) return false
  const moved = movedBy(changes, entry.set.shapes)
  for (const tags of entry.dependencies) {
    if (tags.some((tag) => moved.has(tag))) continue
    const told = { read: show(entry.read), was: entry.text, now, depends: tags.join(' '), moved: [...moved].join(' ') }
    throw new Error(
      Object.entries(told)
        .map((one) => one.join(': '))
        .join('\n'),
    )
  }
  return true
}

/** Nothing is nested in them. */
const FLAT = new Set(['createMany', 'updateMany', 'updateManyAndReturn', 'delete', 'deleteMany'])

const show = (value: unknown) => JSON.stringify(value, (_, one: unknown) => (one === undefined ? '‹undefined›' : one))

/** More of them look deeper; these find every fault that was put in to try them but the rarest. */
const RUNS = Number(process.env['SOUNDNESS_RUNS'] ?? 1500)

const circumstances = fc.record({
  precision: fc.constantFrom<Precision>('shape', 'shape', 'shape', 'row'),
  maxTags: fc.constantFrom(16, 4, 100),
  order: fc.constantFrom<Order>('columns first', 'nested first'),
  /** Whether the writer learns what its write returned. */
  isKnown: fc.boolean(),
})

describe('a read whose answer a write changes', () => {
  it(
    'has a tag that moves, however finely it is invalidated',
    () => {
      let changed = 0
      let toldByResult = 0
      fc.assert(
        fc.property(scenarios, circumstances, (given, { precision, maxTags, order, isKnown }) => {
          const rules: PrecisionRules = { of: () => precision, maxTags, maxRowTags: 32 }
          let tables = tablesOf(given.contents)
          const first = given.reads.map((read) => cached(tables, read, rules))
          const gathered = new GatheredWrites()
          for (const write of given.writes) {
            const after = tried(tables, write, order)
            if (!after) continue
            const changes = changesOf(write, isKnown ? after.result : undefined)
            const rows = [...tables.beside(after.tables), ...after.tables.beside(tables)]
            const aimed = given.aims.flatMap((aim) =>
              rows
                .slice(aim % rows.length)
                .slice(0, 1)
                .map((row) => aimedAt(...row, aim)),
            )
            const entries = [...given.reads, ...aimed].map((read) => cached(tables, read, rules))
            tables = after.tables
            for (const entry of entries) {
              if (!assertMoved(entry, tables, changes)) continue
              // A raw statement that did the same is known by its model alone.
              if (FLAT.has(write.operation)) {
                assertMoved(entry, tables, tagsAlone(wholeModelsWriteSet(shop, [modelOf(write.model)])))
              }
              changed += 1
              if (entry.dependencies.length > 2) toldByResult += 1
            }
            gathered.add(changes)
          }
          // As a transaction moves them.
          for (const entry of first) assertMoved(entry, tables, gathered)
        }),
        { numRuns: RUNS },
      )
      // Else it has asked about nothing.
      expect(changed).toBeGreaterThan(2 * RUNS)
      expect(toldByResult).toBeGreaterThan(RUNS / 4)
    },
    60_000 + RUNS * 10,
  )
})
