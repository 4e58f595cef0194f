import type { BypassReason } from '../events.ts'
import { VALUES, type ValueContext } from './value-context.ts'
import { type ValueId, valueId } from './value-key.ts'

/** Says why nothing was done. */
export function bypassed(operation: string, reason: BypassReason, { read }: ValueContext): undefined {
  read.events.emit({ type: 'bypass', model: VALUES, operation, reason })
}

/** The same of a store that does not answer. */
export function unavailable(operation: string, context: ValueContext): undefined {
  const { state } = context.read.store.condition()
  return bypassed(operation, state === 'undelivered' ? 'undelivered-invalidation' : 'store-unavailable', context)
}

/** Where a value lies, or why it lies nowhere: in which scope is not known, which an event says, or there is none. */
export function idFor(name: string, operation: string, context: ValueContext): ValueId | BypassReason {
  try {
    return valueId(name, context) ?? 'no-scope'
  } catch (error) {
    context.read.events.emit({ type: 'error', during: 'vary', error, model: VALUES, operation })
    return 'vary-failed'
  }
}
