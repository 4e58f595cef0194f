import { writeEnvelope } from '../codec/envelope.ts'
import { encode } from '../codec/typed-json.ts'
import type { SkipFillReason } from '../events.ts'
import type { TagVersion } from '../tags/tag-versions.ts'
import { showsOmitted } from './omitted-fields.ts'
import type { ReadPlan } from './plan-read.ts'
import type { ReadContext } from './read-context.ts'

/** When and under which versions the database was asked. */
export interface Asked {
  readonly at: number
  readonly versions: readonly TagVersion[]
  /** From `SharedConnection`. */
  readonly ticket: number
}

/**
 * Takes a snapshot of a result and stores it behind the caller's back; the snapshot, for reads that wait for the same
 * result, or `undefined` when it may not be shared. Must run before the caller sees the result: Prisma and the caller
 * change the object they are given.
 */
export function fill(plan: ReadPlan, result: unknown, asked: Asked, context: ReadContext): string | undefined {
  if (result === undefined) return skip('undefined')
  if (!context.connection.onlyCommitted(asked.ticket)) return skip('shared-connection')
  if (plan.omitted && showsOmitted(plan.omitted, result)) return skip('computed-needs')
  let payload: string
  try {
    payload = encode(result)
  } catch {
    return skip('unsupported-value')
  }
  const bytes = Buffer.byteLength(payload)
  if (bytes > context.maxValueBytes) skip('oversize')
  else store(plan, payload, bytes, result === null, asked, context)
  return payload

  function skip(reason: SkipFillReason): undefined {
    context.events.emit({ type: 'skip-fill', model: plan.model, operation: plan.operation, key: plan.key, reason })
  }
}

function store(
  plan: ReadPlan,
  payload: string,
  bytes: number,
  isNull: boolean,
  asked: Asked,
  context: ReadContext,
): void {
  const { model, operation, key, policy, tags, check } = plan
  const longestMs = isNull ? policy.nullTtlMs : policy.ttlMs
  const freshForMs = Math.round(longestMs * (1 - policy.jitter * context.random()))
  const keptForMs = freshForMs + policy.swrMs
  if (freshForMs <= 0) return
  const envelope = writeEnvelope({ readAt: asked.at, freshForMs, keptForMs, check, versions: asked.versions, payload })
  context.background.run(
    context.store.fill(key, envelope, tags, keptForMs).then(
      () => context.events.emit({ type: 'fill', model, operation, key, bytes, ttlMs: keptForMs }),
      () => context.events.emit({ type: 'skip-fill', model, operation, key, reason: 'store-unavailable' }),
    ),
  )
}
