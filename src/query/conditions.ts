import { isPlainObject } from './canonical-text.ts'
import { columnKind, columnText } from './column-text.ts'
import type { KnownRow } from './known-row.ts'
import { type Field, isConnective, type Model, type ModelGraph, relationFilterKey } from './model-graph.ts'
import { Slot } from './slot.ts'

/** Columns that must equal a value, by the value's text; `''` is NULL. Every row it admits has these. */
export type Conjunction = ReadonlyMap<string, string>

/** No condition that is understood: it admits any row. */
export const ANYTHING: Conjunction = new Map()

/**
 * A `where` in disjunctive form: every row that satisfies it satisfies one of these. What is not understood (ranges,
 * `NOT`, values without a text), and what would make more than `limit` of them, is left out, which admits more rows and
 * never fewer.
 */
export function conjunctions(graph: ModelGraph, model: Model, where: unknown, limit: number): readonly Conjunction[] {
  if (!isPlainObject(where)) return [ANYTHING]
  let all: readonly Conjunction[] = [ANYTHING]
  for (const [key, value] of Object.entries(where)) {
    if (value !== undefined) all = both(all, condition(graph, model, key, value, limit), limit)
  }
  return all
}

/** Rows that satisfy one of `left` and one of `right`; where that makes too many, what only `left` says. */
export function both(
  left: readonly Conjunction[],
  right: readonly Conjunction[],
  limit: number,
): readonly Conjunction[] {
  if (right.length * left.length > limit) return left
  return left.flatMap((one) => right.map((other) => (other.size === 0 ? one : new Map([...other, ...one]))))
}

function condition(
  graph: ModelGraph,
  model: Model,
  key: string,
  value: unknown,
  limit: number,
): readonly Conjunction[] {
  if (isConnective(model, key)) return connected(graph, model, key, value, limit)
  const field = model.fields.get(key)
  if (field?.kind === 'relation') return parentCondition(graph, model, field, value, limit)
  if (field) return columnCondition(graph, field, value, limit)
  // A compound key, `authorId_title: { … }`: its columns are conditions of their own.
  return model.uniques?.some((unique) => unique.name === key) ? conjunctions(graph, model, value, limit) : [ANYTHING]
}

function connected(
  graph: ModelGraph,
  model: Model,
  key: string,
  value: unknown,
  limit: number,
): readonly Conjunction[] {
  if (key === 'AND') {
    const branches = Array.isArray(value) ? value : [value]
    return branches.reduce<readonly Conjunction[]>(
      (all, branch) => both(all, conjunctions(graph, model, branch, limit), limit),
      [ANYTHING],
    )
  }
  if (key !== 'OR') return [ANYTHING]
  return either(Array.isArray(value) ? value : [], (it) => conjunctions(graph, model, it, limit), limit)
}

function columnCondition(graph: ModelGraph, field: Field, filter: unknown, limit: number): readonly Conjunction[] {
  if (isFixed(filter)) return [equals(graph, field, fixedValue(filter))]
  if (!isPlainObject(filter) || !Array.isArray(filter['in'])) return [ANYTHING]
  // Beside `in` there may be more (`not`, `mode`); all but `mode` only narrow it.
  if (filter['mode'] !== undefined) return [ANYTHING]
  return either([...new Set(filter['in'])], (value) => [equals(graph, field, value)], limit)
}

function equals(graph: ModelGraph, field: Field, value: unknown): Conjunction {
  const text = value === null ? '' : value instanceof Slot ? value.textFor(field) : columnText(graph, field, value)
  return text === undefined ? ANYTHING : new Map([[field.name, text]])
}

/** `author: { id: 5 }` says the same as `authorId: 5` where `author` is referred to by its `id`. */
function parentCondition(
  graph: ModelGraph,
  model: Model,
  field: Field,
  filter: unknown,
  limit: number,
): readonly Conjunction[] {
  const target = graph.models.get(field.type)
  if (!target || !field.foreignKey || !isPlainObject(filter) || filter['isNot'] !== undefined) return [ANYTHING]
  if (filter['is'] !== undefined && relationFilterKey(field, target, 'is') !== 'quantifier') return [ANYTHING]
  const parents = conjunctions(graph, target, filter['is'] === undefined ? filter : filter['is'], limit)
  return carried(
    graph,
    parents,
    { model: target, columns: field.foreignKey.references },
    { model, columns: field.foreignKey.from },
  )
}

export interface End {
  readonly model: Model
  readonly columns: readonly string[]
}

/** The same conditions said of the columns at the other end of a relation. */
export function carried(
  graph: ModelGraph,
  conjunctions: readonly KnownRow[],
  from: End,
  to: End,
): readonly Conjunction[] {
  if (!from.columns.length || !from.columns.every((_, i) => areSpeltAlike(graph, from, to, i))) return [ANYTHING]
  const all = conjunctions.map((conjunction) => {
    const texts = from.columns.map((column) => conjunction.get(column))
    // NULL refers to nothing.
    if (texts.some((text) => text === undefined || text === '')) return ANYTHING
    return new Map(to.columns.map((column, i) => [column, texts[i] as string]))
  })
  return simplified(all)
}

/** A value may have one text as a UUID and another as a string: the columns must be of one kind. */
function areSpeltAlike(graph: ModelGraph, from: End, to: End, i: number): boolean {
  const [here, there] = [from, to].map(({ model, columns }) => {
    const field = model.fields.get(columns[i] ?? '')
    return field && columnKind(graph, field)
  })
  return here !== undefined && here === there
}

function either<T>(
  branches: readonly T[],
  of: (branch: T) => readonly Conjunction[],
  limit: number,
): readonly Conjunction[] {
  if (branches.length === 0 || branches.length > limit) return [ANYTHING]
  const found = branches.flatMap((branch) => of(branch))
  const all = simplified(found)
  // Different values of one text may pin several rows: a read that finds one of them must not take it for all of them.
  return all.length > limit || all.length < found.length ? [ANYTHING] : all
}

/** Each once; and one that admits anything makes the others idle. */
function simplified(all: readonly Conjunction[]): readonly Conjunction[] {
  const each = new Map<string, Conjunction>()
  for (const one of all) {
    if (one.size === 0) return [ANYTHING]
    each.set([...one].sort(([a], [b]) => (a < b ? -1 : 1)).join(), one)
  }
  return [...each.values()]
}

function isFixed(filter: unknown): boolean {
  if (filter === undefined) return false
  if (!isPlainObject(filter)) return true
  // Anything beside `equals` may widen it: `mode: 'insensitive'` matches other rows than the one spelt out.
  return (
    Object.entries(filter).every(([key, value]) => (key === 'equals') === (value !== undefined)) && 'equals' in filter
  )
}

function fixedValue(filter: unknown): unknown {
  return isPlainObject(filter) ? filter['equals'] : filter
}
