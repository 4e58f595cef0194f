import type { Clock } from '../clock.ts'
import type { AuditStatus, CacheEventOf, EventHub, Scope } from '../events.ts'
import type { Policies } from '../policy/resolve-policy.ts'
import { modelOf } from '../tags/tag.ts'
import type { CacheControl } from './cache-control.ts'

export interface AuditContext {
  readonly events: EventHub
  readonly policies: Policies
  readonly clock: Clock
  readonly prefix: string
  /** Of whoever is at work now. */
  readonly scope: () => Scope
}

/**
 * Tells of what is done to entries of models with `audit` besides reading them: invalidations by anybody, and what an
 * operator looks at or removes. The reads tell of themselves, see `read/audit.ts`.
 */
export function auditedControl(control: CacheControl, context: AuditContext): CacheControl {
  const { events, policies, prefix } = context
  const every = policies.audited
  if (every.length === 0) return control
  const entries = `${prefix}query:`

  function tell(model: string, operation: string, key: string | null, status: AuditStatus): void {
    if (!every.includes(model)) return
    events.emit({ type: 'audit', model, operation, key, status, at: context.clock(), scope: context.scope() })
  }
  function tellOf(keys: readonly string[], operation: string, status: AuditStatus): void {
    for (const key of keys) {
      const whole = key.startsWith(entries) ? key : entries + key
      tell(whole.slice(entries.length).split(':', 1)[0] as string, operation, whole, status)
    }
  }

  events.on('invalidate', ({ tags, cause, operation = cause }: CacheEventOf<'invalidate'>) => {
    for (const model of new Set(tags.map(modelOf))) if (model) tell(model, operation, null, 'invalidated')
  })
  return {
    ...control,
    inspect(key, options) {
      tellOf([key], 'inspect', 'inspected')
      return control.inspect(key, options)
    },
    async keyPage(options) {
      const page = await control.keyPage(options)
      tellOf(page.keys, 'keyPage', 'inspected')
      return page
    },
    async keys(options) {
      const keys = await control.keys(options)
      tellOf(keys, 'keys', 'inspected')
      return keys
    },
    async invalidate(target) {
      const done = await control.invalidate(target)
      tellOf(target.keys ?? [], 'invalidate', 'removed')
      if (target.pattern !== undefined) for (const model of every) tell(model, 'invalidate', null, 'removed')
      return done
    },
    async clear() {
      const done = await control.clear()
      for (const model of every) tell(model, 'clear', null, 'removed')
      return done
    },
  }
}
