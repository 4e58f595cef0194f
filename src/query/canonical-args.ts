import { arrayText, canonicalText, entriesText, isPlainObject, orderedText } from './canonical-text.ts'
import { type Field, isConnective, type Model, type ModelGraph, relationFilterKey } from './model-graph.ts'

/**
 * The canonical text of a read's arguments: spellings that Prisma turns into the same statement get one text.
 *
 * Only spellings known to be equal are folded, and only on fields of the model. What is not understood keeps its own
 * text: two texts for one query cost a miss, one text for two queries would answer one with the other's rows.
 */
export function canonicalArgs(graph: ModelGraph, model: Model, args: Readonly<Record<string, unknown>>): string {
  return entriesText(
    defined(args).map(([key, value]) => {
      switch (key) {
        case 'where':
          return [key, whereText(graph, model, value)]
        case 'select':
        case 'include':
          return [key, selectionText(graph, model, value)]
        case 'orderBy':
          return [key, orderByText(value)]
        default:
          return [key, canonicalText(value)]
      }
    }),
  )
}

function whereText(graph: ModelGraph, model: Model, where: unknown): string {
  if (!isPlainObject(where)) return canonicalText(where)
  return entriesText(defined(where).map(([key, value]) => [key, conditionText(graph, model, key, value)]))
}

function conditionText(graph: ModelGraph, model: Model, key: string, value: unknown): string {
  if (isConnective(model, key)) return connectiveText(graph, model, key, value)
  const field = model.fields.get(key)
  if (!field) return canonicalText(value)
  return field.kind === 'relation' ? relationFilterText(graph, field, value) : filterText(field, value)
}

/** The branches are a set. `AND: x` is `AND: [x]`; the same of `OR` and `NOT` is left alone, `OR: {}` being an error. */
function connectiveText(graph: ModelGraph, model: Model, key: string, value: unknown): string {
  if (Array.isArray(value)) return setText(value.map((branch) => whereText(graph, model, branch)))
  const text = whereText(graph, model, value)
  return key === 'AND' ? arrayText([text]) : text
}

/** `{ author: { name: 'x' } }` is the short form of `is`: it holds the other model's conditions directly. */
function relationFilterText(graph: ModelGraph, field: Field, value: unknown): string {
  const target = graph.models.get(field.type)
  if (!target || !isPlainObject(value)) return canonicalText(value)
  return entriesText(
    defined(value).map(([key, filter]) => {
      const meaning = relationFilterKey(field, target, key)
      if (meaning === 'either') return [key, canonicalText(filter)]
      const isColumn = meaning === 'column'
      return [key, isColumn ? conditionText(graph, target, key, filter) : whereText(graph, target, filter)]
    }),
  )
}

/** `{ equals: x }` is `x`, and the lists of `in` and `notIn` are sets. JSON and list filters are left as they are. */
function filterText(field: Field, filter: unknown): string {
  if (field.type === 'Json') return orderedText(filter)
  if (!isPlainObject(filter) || field.isList === true) return canonicalText(filter)
  const entries = defined(filter)
  const only = entries.length === 1 ? entries[0] : undefined
  if (only?.[0] === 'equals' && !Array.isArray(only[1]) && !isPlainObject(only[1])) return canonicalText(only[1])
  return entriesText(
    entries.map(([key, value]) => {
      if ((key === 'in' || key === 'notIn') && Array.isArray(value)) return [key, setText(value.map(canonicalText))]
      return [key, key === 'not' ? filterText(field, value) : canonicalText(value)]
    }),
  )
}

function selectionText(graph: ModelGraph, model: Model, selection: unknown): string {
  if (!isPlainObject(selection)) return canonicalText(selection)
  const entries: [string, string][] = []
  for (const [key, value] of defined(selection)) {
    const field = model.fields.get(key)
    // `false` means "not selected" only on a field that exists; on any other name Prisma refuses the query.
    if (value === false && field) continue
    if (key === '_count' && isPlainObject(value)) entries.push([key, countText(graph, model, value)])
    else entries.push([key, field?.kind === 'relation' ? nestedText(graph, field, value) : canonicalText(value)])
  }
  return entriesText(entries)
}

function countText(graph: ModelGraph, model: Model, count: Record<string, unknown>): string {
  return entriesText(
    defined(count).map(([key, value]) => [
      key,
      key === 'select' ? selectionText(graph, model, value) : canonicalText(value),
    ]),
  )
}

/** `posts: true` is `posts: {}`. */
function nestedText(graph: ModelGraph, field: Field, value: unknown): string {
  const target = graph.models.get(field.type)
  if (!target || !isPlainObject(value)) return canonicalText(value)
  const text = canonicalArgs(graph, target, value)
  return text === '{}' ? canonicalText(true) : text
}

/** Order matters here; one object is a list of one. */
function orderByText(value: unknown): string {
  return Array.isArray(value) ? canonicalText(value) : arrayText([canonicalText(value)])
}

function setText(parts: readonly string[]): string {
  return arrayText([...new Set(parts)].sort())
}

function defined(value: Readonly<Record<string, unknown>>): [string, unknown][] {
  const entries: [string, unknown][] = []
  for (const key of Object.keys(value)) if (value[key] !== undefined) entries.push([key, value[key]])
  return entries
}
