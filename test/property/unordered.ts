import { isDeepStrictEqual } from 'node:util'
import { type Outcome, show } from './outcome.ts'
import type { Read } from './reads.ts'
import type { ModelShape } from './schema.ts'
import type { Args } from './values.ts'

/**
 * Whether two answers differ only in what a query left to the database: the order of rows that its `orderBy` does not
 * tell apart. PostgreSQL gives such rows in the order they lie in, which changes with every update, of whatever column.
 */
export function sameButForOrder(
  shapes: ReadonlyMap<string, ModelShape>,
  read: Read,
  one: Outcome,
  other: Outcome,
): boolean {
  if (read.kind !== 'read' || !('value' in one) || !('value' in other)) return false
  const [end, model] = read.hops.reduce<readonly [Args, string]>(
    ([, from], hop) => [hop.args, shapes.get(from)?.relations.find(({ name }) => name === hop.relation)?.to ?? ''],
    [read.args, read.model],
  )
  const shape = shapes.get(model)
  if (!shape || !/^find/.test(read.operation)) return false
  return isDeepStrictEqual(settled(shapes, shape, end, one.value), settled(shapes, shape, end, other.value))
}

/** The same rows, those in an order of their own that the query does not tell apart. */
function settled(shapes: ReadonlyMap<string, ModelShape>, shape: ModelShape, args: Args, value: unknown): unknown {
  if (Array.isArray(value)) {
    const rows = value.map((row) => settled(shapes, shape, args, row))
    return isOrdered(shape, args['orderBy']) ? rows : rows.sort((a, b) => (show(a) < show(b) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null) return value
  const chosen = (args['select'] ?? args['include'] ?? {}) as Args
  const related = shape.relations.flatMap((relation): (readonly [string, unknown])[] => {
    const target = shapes.get(relation.to)
    if (!target || !(relation.name in value)) return []
    const nested = (typeof chosen[relation.name] === 'object' ? chosen[relation.name] : {}) as Args
    return [[relation.name, settled(shapes, target, nested, (value as Args)[relation.name])]]
  })
  return related.length === 0 ? value : { ...value, ...Object.fromEntries(related) }
}

/** By a unique key among other columns: then the database has no choice. */
function isOrdered(shape: ModelShape, orderBy: unknown): boolean {
  const names = new Set([orderBy].flat().flatMap((order) => Object.keys(order ?? {})))
  return shape.uniques[0]?.every((name) => names.has(name)) === true
}
