import { isPlainObject } from './canonical-text.ts'
import type { Field, Model } from './model-graph.ts'

/** `connect` alone only sets columns: the UPDATE is one with its conditions. */
export function hasNestedWrites(model: Model, data: unknown): boolean {
  if (!isPlainObject(data)) return false
  return Object.entries(data).some(([name, nested]) => {
    if (model.fields.get(name)?.kind !== 'relation' || !isPlainObject(nested)) return false
    return Object.keys(nested).some((operation) => operation !== 'connect')
  })
}

/** Columns whose value after the write may differ from before. */
export function changedColumns(model: Model, data: unknown): Set<string> {
  const changed = new Set<string>()
  if (!isPlainObject(data)) return new Set(model.fields.keys())
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined) continue
    const field = model.fields.get(name)
    // Of a relation that others hold nothing changes here, and of one without a holder the relation itself.
    changed.add(name)
    for (const column of field?.foreignKey?.from ?? []) changed.add(column)
  }
  for (const name of changingByThemselves(model)) changed.add(name)
  return changed
}

export function changingByThemselves(model: Model): readonly string[] {
  let names = changing.get(model)
  if (!names) {
    names = [...model.fields.values()].filter((field) => field.changesByItself).map((field) => field.name)
    changing.set(model, names)
  }
  return names
}

const changing = new WeakMap<Model, readonly string[]>()

/** The columns `data` sets to a plain value, `{ set: x }` included; not what it increments. */
export function dataColumns(model: Model, data: unknown): Record<string, unknown> {
  const columns: Record<string, unknown> = {}
  if (!isPlainObject(data)) return columns
  for (const [name, value] of Object.entries(data)) {
    const field = model.fields.get(name)
    if (!field || value === undefined) continue
    if (field.kind === 'relation') {
      for (const [column, connected] of connectedColumns(field, value)) columns[column] = connected
    } else if (!isPlainObject(value)) columns[name] = value
    else if ('set' in value) columns[name] = value['set']
  }
  return columns
}

/** `author: { connect: { id: 5 } }` sets `authorId` to 5. */
function connectedColumns(field: Field, operations: unknown): readonly (readonly [string, unknown])[] {
  const where = isPlainObject(operations) && Object.keys(operations).length === 1 ? operations['connect'] : undefined
  if (!field.foreignKey || !isPlainObject(where)) return []
  const { from, references } = field.foreignKey
  return from.flatMap((column, i) => {
    const value = where[references[i] as string]
    return value === undefined || value === null || typeof value === 'object' ? [] : [[column, value] as const]
  })
}
