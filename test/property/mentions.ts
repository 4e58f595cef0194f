import type { ModelShape } from './schema.ts'
import type { Args } from './values.ts'
import type { ModelWrite } from './writes.ts'

type Shapes = ReadonlyMap<string, ModelShape>

/** One object in a write's arguments that stands for a row: its new values, the key it is found by, or both. */
export interface Mention {
  readonly shape: ModelShape
  readonly row: Args
  /** The nested operation that holds it; `undefined` at the top. */
  readonly operation?: string
}

/** Every row that a write speaks of, at any depth. */
export function* mentions(shapes: Shapes, write: ModelWrite): Generator<Mention> {
  const { where, data, create, update } = write.args
  const shape = shapes.get(write.model)
  yield* found(shape, where)
  for (const part of [data, create, update]) yield* mentionsIn(shapes, shape, part)
}

function* mentionsIn(
  shapes: Shapes,
  shape: ModelShape | undefined,
  part: unknown,
  operation?: string,
): Generator<Mention> {
  for (const row of listOf(part)) {
    if (!shape || !isObject(row)) continue
    yield { shape, row, ...(operation !== undefined && { operation }) }
    for (const relation of shape.relations) {
      const operations = row[relation.name]
      if (!isObject(operations)) continue
      for (const [name, given] of Object.entries(operations)) {
        const target = shapes.get(relation.to)
        for (const item of listOf(given)) {
          yield* mentionsIn(shapes, target, isObject(item) ? item : {}, name)
          // Where the item is not the row itself, it holds it.
          if (!isObject(item)) continue
          yield* found(target, item['where'])
          for (const held of ['data', 'create', 'update']) yield* mentionsIn(shapes, target, item[held])
        }
      }
    }
  }
}

/** Not looked into: what a filter says of relations is no operation. */
function* found(shape: ModelShape | undefined, where: unknown): Generator<Mention> {
  if (shape && isObject(where)) yield { shape, row: where }
}

/** The unique keys that a mention spells out. */
export function* keysOf({ shape, row }: Mention): Generator<Args> {
  for (const names of shape.uniques) {
    const compound = row[names.join('_')]
    const columns = names.length > 1 && isObject(compound) ? compound : row
    const values = names.map((name) => plainValue(columns[name]))
    if (values.some((value) => value === undefined)) continue
    const key = Object.fromEntries(names.map((name, i) => [name, values[i]]))
    yield names.length > 1 ? { [names.join('_')]: key } : key
  }
}

function plainValue(value: unknown): string | number | undefined {
  if (isObject(value) && 'set' in value) return plainValue(value['set'])
  return typeof value === 'string' || typeof value === 'number' ? value : undefined
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) && value.length > 0 ? value : [value]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
