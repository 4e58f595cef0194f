import type { ReadPlan } from '../../../src/read/read-plan.ts'
import type { Tag } from '../../../src/tags/tag.ts'

export const policy: ReadPlan['policy'] = {
  ttlMs: 60_000,
  swrMs: 0,
  nullTtlMs: 1000,
  jitter: 0,
  earlyRefresh: 0,
  userTags: [],
  key: undefined,
  refresh: false,
  isShared: false,
}

/** A read of users that depends on these tags, and whose result tells nothing more. */
export function planOf(tags: readonly Tag[], over: Partial<ReadPlan> = {}): ReadPlan {
  const { absence = [] } = over
  return {
    kind: 'cached',
    model: 'User',
    operation: 'findMany',
    key: 'key',
    check: '-',
    tags,
    parts: [],
    guards: [],
    absence,
    watched: [...tags, ...absence],
    shapes: [],
    scope: undefined,
    isSealed: false,
    audited: [],
    policy,
    omitted: undefined,
    ...over,
  }
}
