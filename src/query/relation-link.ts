import { carried, type End } from './conditions.ts'
import { changingByThemselves } from './data-columns.ts'
import { type KnownRow, UNKNOWN_ROW } from './known-row.ts'
import { type Field, type ForeignKey, type Model, type ModelGraph, oppositeField } from './model-graph.ts'

export type Link =
  | { readonly kind: 'held-by-target'; readonly foreignKey: ForeignKey; readonly single: boolean }
  | {
      readonly kind: 'held-by-source'
      readonly source: Model
      readonly foreignKey: ForeignKey
      readonly single: boolean
    }
  | { readonly kind: 'join-table'; readonly source: Model; readonly field: Field; readonly opposite: Field }
  | { readonly kind: 'unknown'; readonly source: Model }

/** Which side holds the columns of a relation, seen from the model whose `data` names it. */
export function linkBetween(graph: ModelGraph, source: Model, field: Field, target: Model): Link {
  const opposite = oppositeField(graph, source, field)
  // Without the schema text neither side can be told to hold the key.
  if (!source.uniques || !target.uniques || !opposite) return { kind: 'unknown', source }
  const { foreignKey } = field
  if (foreignKey) return { kind: 'held-by-source', source, foreignKey, single: opposite.isList !== true }
  if (opposite.foreignKey) {
    return { kind: 'held-by-target', foreignKey: opposite.foreignKey, single: field.isList !== true }
  }
  return { kind: 'join-table', source, field, opposite }
}

/** What rows at the other end of a link have of the row it begins at. */
export interface LinkedTo {
  /** Of a row that is created there. What is there already may have been linked anew since it was found. */
  readonly created: KnownRow
  /** The columns that hold the link, known or not. */
  readonly columns: readonly string[]
}
export const UNLINKED: LinkedTo = { created: UNKNOWN_ROW, columns: [] }

export function linkedTo(graph: ModelGraph, source: Model, link: Link, target: Model, row: KnownRow): LinkedTo {
  if (link.kind === 'held-by-target') {
    const { from, references } = link.foreignKey
    const created = across(graph, row, { model: source, columns: references }, { model: target, columns: from })
    return { created, columns: from }
  }
  // The key of a row that is created at the other end may be generated.
  return UNLINKED
}

/** What a row at one end of a relation says of those at the other. */
export function across(graph: ModelGraph, row: KnownRow, from: End, to: End): KnownRow {
  return carried(graph, [row], from, to)[0] ?? UNKNOWN_ROW
}

export function rewritten(holder: Model, key: ForeignKey): ReadonlySet<string> {
  return new Set(key.from.length > 0 ? [...key.from, ...changingByThemselves(holder)] : holder.fields.keys())
}
