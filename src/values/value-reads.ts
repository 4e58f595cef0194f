import type { ResolvedPolicy } from '../policy/resolve-policy.ts'
import { audit } from '../read/audit.ts'
import { glance } from '../read/look-up.ts'
import type { ReadPlan } from '../read/read-plan.ts'
import { tryCopy } from '../read/read-through.ts'
import { modelOf } from '../tags/tag.ts'
import { bypassed, idFor, unavailable } from './bypassed.ts'
import type { ValueContext } from './value-context.ts'
import { valuePlan } from './value-plan.ts'

/** As long as whoever stored it said. */
const AS_STORED: ResolvedPolicy = {
  ttlMs: Number.POSITIVE_INFINITY,
  swrMs: 0,
  nullTtlMs: Number.POSITIVE_INFINITY,
  jitter: 0,
  earlyRefresh: 0,
  userTags: [],
  key: undefined,
  refresh: false,
  isShared: false,
}

/** What it depends on is told by its entry. */
const AS_IT_IS = { data: [], care: { encrypts: false, longestMs: Number.POSITIVE_INFINITY, audited: [] } }

/** A fresh value; `undefined`: none. Past copies in the process, which do not show that a value was written over. */
export async function getValue(name: string, context: ValueContext): Promise<{ readonly value: unknown } | undefined> {
  const { events } = context.read
  const begun = events.begin()
  const plan = planFor(name, 'get', context)
  if (!plan) return undefined
  const found = await glance(plan, context.read).catch(() => undefined)
  if (!found) return unavailable('get', context)
  const { model, operation, key } = plan
  const told = { model, operation, key, ms: events.since(begun) } as const
  if ('kind' in found) {
    if (found.kind === 'held') return bypassed('get', 'write-in-progress', context)
    const copy = found.kind === 'hit' ? await tryCopy(found.payload, plan, context.read) : undefined
    const { ageMs, freshForMs, tier, tags } = found
    if (copy) {
      events.emit({ type: 'hit', ...told, ageMs, freshForMs, tier, tags })
      const models = new Set(tags.map(modelOf))
      audit({ ...plan, audited: context.read.policies.audited.filter((one) => models.has(one)) }, 'hit', context.read)
    } else events.emit({ type: 'miss', ...told, ...NOTHING, cause: found.kind === 'hit' ? 'unreadable' : 'expired' })
    return copy
  }
  const { cause, moved } = found
  if (moved)
    events.emit({ type: 'entry-invalidated', model, operation, key, tags: moved, by: context.read.droppedBy(moved) })
  events.emit({ type: 'miss', ...told, ...NOTHING, cause, ...(moved && { invalidatedTags: moved }) })
  return undefined
}

const NOTHING = { tags: [], coalesced: false, freshForMs: 0 } as const

export async function hasValue(name: string, context: ValueContext): Promise<boolean> {
  const plan = planFor(name, 'has', context)
  const found = plan && (await glance(plan, context.read).catch(() => unavailable('has', context)))
  return found !== undefined && 'kind' in found && found.kind === 'hit'
}

function planFor(name: string, operation: string, context: ValueContext): ReadPlan | undefined {
  const id = idFor(name, operation, context)
  if (typeof id === 'string') return bypassed(operation, id, context)
  return valuePlan(id, operation, AS_STORED, AS_IT_IS)
}
