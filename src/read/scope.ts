import type { Scope } from '../events.ts'
import { inScope, scopeName } from '../tags/scope-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { ReadContext } from './read-context.ts'

/** Whether `vary` named nobody. An empty text is what is left of a header that was not sent. */
export function isNoScope(scope: Scope): scope is null | undefined {
  return scope === undefined || scope === null || scope === '' || Number.isNaN(scope)
}

/** What a read depends on because of the scope it is asked in, besides what it depends on in all scopes. */
export function scopeTags(
  scope: Scope,
  userTags: readonly Tag[],
  { graph }: Pick<ReadContext, 'graph'>,
): readonly Tag[] {
  if (isNoScope(scope)) return []
  const name = scopeName(scope, graph.conceal)
  return [inScope(name), ...userTags.map((tag) => inScope(name, tag))]
}
