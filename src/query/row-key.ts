import { rowTag, type Tag } from '../tags/tag.ts'
import { isNameable } from './column-text.ts'
import type { KnownRow } from './known-row.ts'
import type { Model, ModelGraph, UniqueKey } from './model-graph.ts'

export interface RowTags {
  readonly tags: readonly Tag[]
  /** `false`: a reader may know the row by a key whose value cannot be told here. */
  readonly areAll: boolean
}

/**
 * The tags of a row by each of its unique keys. NULL columns make no key: nobody can look a row up by one; nor do
 * columns whose values have no text: readers depend on the model then.
 */
export function rowTags(graph: ModelGraph, model: Model, row: KnownRow): RowTags {
  if (!model.uniques) return { tags: [], areAll: false }
  const tags: Tag[] = []
  let areAll = true
  for (const { fields } of model.uniques) {
    if (fields.length === 0 || !fields.every((field) => isNameable(graph, field))) continue
    if (fields.some(({ name }) => row.get(name) === '')) continue
    const values = fields.map(({ name }) => [name, row.get(name)] as const)
    if (values.every((value): value is readonly [string, string] => value[1] !== undefined)) {
      tags.push(rowTag(model.name, values))
    } else areAll = false
  }
  return { tags, areAll }
}

/** The unique key that a row with these values is pinned by; `undefined` when it may be one of several. */
export function pinningKey(model: Model, row: KnownRow): UniqueKey | undefined {
  return model.uniques?.find(
    ({ fields }) => fields.length > 0 && fields.every(({ name }) => (row.get(name) ?? '') !== ''),
  )
}
