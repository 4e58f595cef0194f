import { outOfScope } from '../tags/scope-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { ReadPlan } from './read-plan.ts'

/**
 * Whether an entry under this key answers this call. One that was stored by a call which named fewer tags would survive
 * an invalidation of those it did not name. And one that was `set`, or counted, is written over without any tag of its
 * own moving: a copy of it in the process does not show that by its versions.
 */
export function answers({ own, tags: needed }: ReadPlan, tags: readonly Tag[], isNear: boolean): boolean {
  if (own === undefined) return true
  // One that is counted has no tags, also in a scope.
  const isNamed = (tag: Tag) => tag === own || outOfScope(tag) === '' || tags.includes(tag)
  return needed.every(isNamed) && (!isNear || tags.includes(own))
}
