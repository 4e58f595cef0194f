import { isPlainObject } from '../query/canonical-text.ts'
import { type GlobalOmit, type Model, type ModelGraph, omitOf } from '../query/model-graph.ts'

/** Fields kept out of a result by `omit`, the client's or the query's, and the same of the relations in it. */
export interface Omitted {
  readonly fields: readonly string[]
  readonly relations: ReadonlyMap<string, Omitted>
}

/** `undefined` where nothing is omitted at any depth. */
export function omittedFields(
  graph: ModelGraph,
  globalOmit: GlobalOmit,
  model: Model,
  args: Readonly<Record<string, unknown>>,
): Omitted | undefined {
  const { omit, select, include } = args
  const merged = omitOf(globalOmit, model, omit)
  const fields = select === undefined ? Object.keys(merged).filter((field) => merged[field] === true) : []
  const relations = new Map<string, Omitted>()
  const shown = select ?? include
  for (const [name, nested] of isPlainObject(shown) ? Object.entries(shown) : []) {
    const field = model.fields.get(name)
    const target = field?.kind === 'relation' ? graph.models.get(field.type) : undefined
    if (!target || nested === undefined || nested === false) continue
    const omitted = omittedFields(graph, globalOmit, target, isPlainObject(nested) ? nested : {})
    if (omitted) relations.set(name, omitted)
  }
  return fields.length > 0 || relations.size > 0 ? { fields, relations } : undefined
}

/** What is omitted at the end of a fluent path: `['select', 'posts']`, two steps a relation. */
export function along(dataPath: readonly string[], omitted: Omitted | undefined): Omitted | undefined {
  let at = omitted
  for (let step = 1; step < dataPath.length; step += 2) at = at?.relations.get(dataPath[step] as string)
  return at
}

/**
 * Whether a result shows a field that is omitted. A result extension makes Prisma fetch what it computes from, and hides
 * it from the caller afterwards; a client without that extension would show it.
 */
export function showsOmitted(omitted: Omitted, result: unknown): boolean {
  if (Array.isArray(result)) return result.some((row) => showsOmitted(omitted, row))
  if (!isPlainObject(result)) return false
  if (omitted.fields.some((field) => Object.hasOwn(result, field))) return true
  for (const [name, nested] of omitted.relations) if (showsOmitted(nested, result[name])) return true
  return false
}
