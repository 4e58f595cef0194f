import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Precision } from '../../../src/dependency.ts'
import { derivedTags } from '../../../src/query/derived-tags.ts'
import type { Model } from '../../../src/query/model-graph.ts'
import type { Yields } from '../../../src/query/read-places.ts'
import { type PrecisionRules, readSet } from '../../../src/query/read-set.ts'
import { wholeModelsWriteSet, writeSet } from '../../../src/query/write-set.ts'
import type { ShapeKey } from '../../../src/tags/shape-tags.ts'
import type { Tag } from '../../../src/tags/tag.ts'
import { ShapesInUse } from '../../../src/write/shapes-in-use.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'
import { aimedAt, type Scenario, scenarios, tablesOf } from './queries.ts'
import { answer, type Read, type Tables } from './tables.ts'
import { type Order, performed, Refused, type Write } from './writes.ts'

/**
 * What a read depends on against what a write moves, over random tables, reads and writes: whenever a write changes the
 * answer of a read, it must move one of the tags the read depended on. No database and no store: what is tested is the
 * reasoning about arguments, and thousands of cases take seconds.
 */
const graph = graphOf(testSchema)
const modelOf = (name: string) => graph.models.get(name) as Model

const YIELDS: Readonly<Record<Read['operation'], Yields>> = {
  findUnique: 'row',
  findFirst: 'row',
  findMany: 'rows',
  count: 'aggregate',
  aggregate: 'aggregate',
  groupBy: 'aggregate',
}

/** Nothing is nested in them. */
const RAW_ALIKE = new Set(['createMany', 'updateMany', 'updateManyAndReturn', 'delete', 'deleteMany'])

interface Entry {
  readonly read: Read
  readonly answer: string
  /** Sets of tags, each of which an entry of this read may depend on. */
  readonly dependencies: readonly ReadonlySet<Tag>[]
}

const textOf = (result: unknown) => JSON.stringify(result) ?? 'undefined'

function entryOf(tables: Tables, read: Read, rules: PrecisionRules): Entry & { readonly shapes: readonly ShapeKey[] } {
  const set = readSet(graph, modelOf(read.model), read.args, YIELDS[read.operation], rules)
  expect(set.obstacle).toBeUndefined()
  const result = answer(tables, read)
  const absence = result === null ? set.absence : []
  const told = set.parts.map(({ derivation }) => derivation && derivedTags(graph, derivation, result))
  const coarse = new Set([...set.tags, ...absence])
  const finer = told.flatMap((tags, i) =>
    tags ? [new Set([...set.parts.flatMap((part, j) => (i === j ? tags : part.tags)), ...absence])] : [],
  )
  const finest = new Set([...set.parts.flatMap((part, i) => told[i] ?? part.tags), ...absence])
  return { read, answer: textOf(result), dependencies: [coarse, ...finer, finest], shapes: set.shapes }
}

function movedBy({ model, operation, args }: Write, result: unknown, shapes: readonly ShapeKey[]): Set<Tag> {
  const inUse = new ShapesInUse(graph)
  for (const name of new Set(shapes.map((shape) => shape.model))) {
    const texts = shapes.filter((shape) => shape.model === name).map(({ text }) => text)
    inUse.learn([{ model: name, version: '1', texts }])
  }
  const set = writeSet(graph, modelOf(model), operation, args, result)
  return new Set([...set.tags, ...inUse.movedBy(set)])
}

function assertSound({ contents, reads, writes, aims }: Scenario, rules: PrecisionRules, order: Order): void {
  let tables = tablesOf(contents)
  for (const write of writes) {
    const done = attempt(() => performed(tables, write, order))
    if (!done) continue
    const changed = [...tables.beside(done.tables), ...done.tables.beside(tables)]
    const aimed = changed.flatMap(([model, row], i) => aims.map((aim) => aimedAt(model, row, aim + i)))
    const entries = [...reads, ...aimed].map((read) => entryOf(tables, read, rules))
    const shapes = entries.flatMap((entry) => entry.shapes)
    // The outcome may be unknown to whoever wrote, and of a raw statement only the model is known.
    const ways = [movedBy(write, done.result, shapes), movedBy(write, undefined, shapes)]
    if (RAW_ALIKE.has(write.operation)) ways.push(wholeModelsWriteSet(graph, [modelOf(write.model)]))
    for (const moved of ways) {
      for (const entry of entries) {
        if (textOf(answer(done.tables, entry.read)) === entry.answer) continue
        for (const tags of entry.dependencies) {
          const isMoved = [...tags].some((tag) => moved.has(tag))
          if (!isMoved) expect({ read: entry.read, write, depends: [...tags], moved: [...moved] }).toBe('moved')
        }
      }
    }
    tables = done.tables
  }
}

function attempt<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    if (error instanceof Refused) return undefined
    throw error
  }
}

const wide = { maxTags: 16, maxRowTags: 32 }
const RULES: Readonly<Record<string, PrecisionRules>> = {
  shapes: { of: () => 'shape', ...wide },
  'shapes with few tags': { of: () => 'shape', maxTags: 6, maxRowTags: 6 },
  rows: { of: () => 'row', ...wide },
  'a precision for each model': {
    of: (model): Precision => (model === 'Post' ? 'shape' : model === 'User' ? 'row' : 'model'),
    ...wide,
  },
}
const RUNS = Number(process.env['SOUNDNESS_RUNS'] ?? 400)
const seed = process.env['SOUNDNESS_SEED']

describe.each(Object.entries(RULES))('a write that changes an answer moves what it depended on: by %s', (_, rules) => {
  it.each<Order>(['columns first', 'nested first'])('%s', (order) => {
    const property = fc.property(scenarios, (scenario) => assertSound(scenario, rules, order))
    fc.assert(property, { numRuns: RUNS, ...(seed ? { seed: Number(seed) } : {}) })
  })
})
