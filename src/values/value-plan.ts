import { type Care, within } from '../policy/care.ts'
import type { ResolvedPolicy } from '../policy/resolve-policy.ts'
import type { ReadPlan } from '../read/read-plan.ts'
import type { Tag } from '../tags/tag.ts'
import { VALUES } from './value-context.ts'
import type { ValueId } from './value-key.ts'

/** A value as a read: known by its key, invalidated by its own tag and by those its call names. */
export function valuePlan(
  { key, own, check, scope }: ValueId,
  operation: string,
  policy: ResolvedPolicy,
  { data, care }: { readonly data: readonly Tag[]; readonly care: Care },
) {
  const tags = [...new Set([own, ...policy.userTags, ...data])].sort()
  return {
    kind: 'cached',
    model: VALUES,
    operation,
    key,
    check,
    own,
    tags,
    watched: tags,
    parts: [],
    guards: [],
    absence: [],
    shapes: [],
    omitted: undefined,
    policy: within(care.longestMs, policy),
    scope,
    isSealed: care.encrypts,
    audited: care.audited,
  } satisfies ReadPlan
}
