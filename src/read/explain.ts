import type { CatalogueState } from '../catalogue/known-database.ts'
import type { Dependency } from '../dependency.ts'
import type { BypassReason } from '../events.ts'
import type { ReadCache } from '../policy/resolve-policy.ts'
import type { FormAccount } from './admission.ts'
import { allowed, planRead } from './plan-read.ts'
import type { ReadCall, ReadContext } from './read-context.ts'

/** How a read is cached and what invalidates it, without asking the database or the store. */
export type Explanation =
  | {
      readonly status: 'cached'
      readonly model: string
      readonly operation: string
      readonly key: string
      /** What it depends on, as far as its arguments tell. */
      readonly tags: readonly string[]
      /** What its entry depends on instead, as far as this process knows: told by the result it had. */
      readonly derivedTags: readonly string[] | null
      readonly dependencies: readonly ExplainedDependency[]
      /** `unknown`: the catalogue of the database could not be read, so any write of this process invalidates it. */
      readonly catalogue: CatalogueState
      /** How reads of its form fare in this process; see `$cache.advise()`. */
      readonly account: FormAccount | null
    }
  | {
      readonly status: 'bypass'
      readonly model: string
      readonly operation: string
      readonly reason: BypassReason
      /** How reads of its form fare, where that is the reason. */
      readonly account: FormAccount | null
    }

export interface ExplainedDependency extends Dependency {
  /** What would make it finer; `null` where nothing would. */
  readonly hint: string | null
}

export function explainRead(
  call: ReadCall,
  cache: ReadCache,
  catalogue: CatalogueState,
  context: ReadContext,
): Explanation {
  const { model, operation } = call
  const plan = planRead(call, cache, context)
  const known = context.graph.models.get(model)
  if (plan.kind === 'bypass' || !known) {
    const reason = plan.kind === 'bypass' ? plan.reason : 'unknown-argument'
    return { status: 'bypass', model, operation, reason, account: plan.account?.told() ?? null }
  }
  const { dependencies } = allowed(call, known, context).depends
  return {
    status: 'cached',
    model,
    operation,
    key: plan.key,
    tags: plan.tags,
    derivedTags: context.learned.of(plan.key) ?? null,
    dependencies: dependencies().map((dependency) => ({ ...dependency, hint: hintOf(dependency) })),
    catalogue,
    account: plan.account?.told() ?? null,
  }
}

export function hintOf({ model, precision, fields, columns, because }: Dependency): string | null {
  switch (because) {
    case 'option':
      return `\`invalidation\` says so for ${model}: 'shape' is the finest.`
    case 'hidden-conditions':
      return `\`vary\`, or an extension applied later, may choose rows of ${model} by columns that are not seen here. Where they do not, set \`invalidation: 'shape'\`.`
    case 'schema-unknown':
      return `The schema text does not explain ${model}: give it as the \`schema\` option.`
    case 'too-many-tags':
      return 'It would depend on more tags than `maxTags`: ask for fewer values, include fewer relations, or raise it.'
    case 'too-many-shapes':
      return `This client reads ${model} in more ways than it may register: compare and select fewer combinations of columns.`
    case 'model-elsewhere':
      return `Another part of the query depends on all of ${model} already.`
    default:
  }
  if (precision !== 'shape') return null
  if (fields.length === 0) {
    return `No column of ${model} is compared by equality: rows anywhere in the table matter. Filter by one, e.g. a foreign key.`
  }
  return columns === undefined ? `It shows every column of ${model}: \`select\` those it needs.` : null
}
