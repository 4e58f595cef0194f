import { CacheConfigError } from '../errors.ts'
import type { BypassReason } from '../events.ts'
import type { Care } from '../policy/care.ts'
import { known } from '../policy/resolve-policy.ts'
import type { Dependencies, Rows } from '../policy/value-options.ts'
import type { Model } from '../query/model-graph.ts'
import { type PrecisionRules, readSet } from '../query/read-set.ts'
import type { ReadContext } from '../read/read-context.ts'
import { modelTag, type Tag } from '../tags/tag.ts'

/** Rows are depended on by name; shapes would have to be registered, and nobody sees which columns a function reads. */
const BY_ROW: PrecisionRules = { of: () => 'row', maxTags: Number.POSITIVE_INFINITY, maxRowTags: 0 }

/**
 * The tags of models and rows that a value depends on, or why it must not be kept.
 * @throws CacheConfigError for names the schema does not have.
 */
export function dataTags(
  { models = [], rows = {} }: Pick<Dependencies, 'models' | 'rows'>,
  context: ReadContext,
): readonly Tag[] | BypassReason {
  const tags = new Set<Tag>()
  for (const name of [...models, ...Object.keys(rows)]) {
    const model = known(context.graph, models.includes(name) ? 'models' : `rows.${name}`, name)
    const policy = context.policies.of(name)
    if (policy === false) return 'model-disabled'
    if (model.isView && !policy?.dependsOn) return 'view-undeclared'
    for (const other of policy?.dependsOn ?? []) tags.add(modelTag(other))
    for (const tag of models.includes(name) ? [modelTag(name)] : rowsTags(model, rows[name] ?? [], context)) {
      tags.add(tag)
    }
  }
  return [...tags]
}

/** What these models ask of whatever depends on them. */
export function dataCare(
  { models = [], rows = {} }: Pick<Dependencies, 'models' | 'rows'>,
  { policies }: ReadContext,
): Care {
  const named = [...models, ...Object.keys(rows)]
  return policies.care(
    new Set([...named, ...named.flatMap((name) => (policies.of(name) || undefined)?.dependsOn ?? [])]),
  )
}

function rowsTags(model: Model, wheres: Rows[string], { graph }: ReadContext): readonly Tag[] {
  // Its unique keys are not known.
  if (!model.uniques) return [modelTag(model.name)]
  return (Array.isArray(wheres) ? wheres : [wheres]).flatMap((where: Rows[string]): Tag[] => {
    const { tags, absence, obstacle } = readSet(graph, model, { where }, 'row', BY_ROW)
    if (obstacle) {
      const fields = [...model.fields.keys()].join(', ')
      throw new CacheConfigError(`rows.${model.name}`, `${obstacle} in a key of ${model.name}`, `It has ${fields}.`)
    }
    // A row that is not there yet counts as well: the function may have looked for it in vain.
    return [...tags, ...absence]
  })
}
