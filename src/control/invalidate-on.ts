import { CacheConfigError, show } from '../errors.ts'
import { assertInvalidationMap } from '../policy/validate-options.ts'

/** What to drop. At least one must be given; together they add up. */
export interface InvalidationTarget {
  /** Tags of the application's own, each with all that lies under it: `user` with `user:5`. */
  readonly tags?: readonly string[] | undefined
  /** A namespace of the application's own, with all that lies in it. */
  readonly namespace?: string | undefined
  /**
   * Only what was asked in this scope, as `vary` named it: what of it depends on the tags and the namespace, or, without
   * these, all of it. Not with models, keys or a pattern.
   */
  readonly scope?: string | number | boolean | undefined
  /** Models, as if any of their rows had been written: with everything the database deletes or rewrites along with them. */
  readonly models?: readonly string[] | undefined
  /**
   * Keys of entries, whole, as events and `keys()` show them, or the `key` a call gave its entry (`Model:operation:@key`),
   * or that of a value (`data:key`).
   */
  readonly keys?: readonly string[] | undefined
  /** A glob over keys without the prefix, e.g. `User:findMany:*`, or `data:session:*` for values. Walks all keys of the namespace: for operators, not for requests. */
  readonly pattern?: string | undefined
  /**
   * With tags, models and a namespace: what is invalidated may still be served, with the status `stale`, while one read renews it
   * behind. A write, or an invalidation that is not soft, ends that at once. @default false
   */
  readonly soft?: boolean | undefined
  /** For how long at most, **seconds**. Only with `soft`. @default 30 */
  readonly grace?: number | undefined
}

/** Where events come from: an `EventEmitter` of Node's, an `EventTarget`, or anything that is like one of them. */
export type EventSource =
  | { on: Listening; off: Listening }
  | { addEventListener: Listening; removeEventListener: Listening }

// biome-ignore lint/suspicious/noExplicitAny: what an event brings is known to whoever emits it
type Listening = (event: any, listener: (...payload: any[]) => void) => unknown

/** What an event invalidates, or a function of what it brings; `null` or `undefined`: nothing. */
export type InvalidationMap = {
  readonly [event: string]:
    | InvalidationTarget
    // biome-ignore lint/suspicious/noExplicitAny: what an event brings is known to whoever emits it
    | ((...payload: any[]) => InvalidationTarget | null | undefined)
}

/**
 * Invalidates on events; returns what ends that. The target is worked out while the event is emitted. What goes wrong
 * with it reaches `failed`, never who emits.
 *
 * @throws CacheConfigError for what is no source of events, and for a map that names nothing.
 */
export function invalidateOn(
  source: EventSource,
  map: InvalidationMap,
  {
    check,
    invalidate,
  }: { check(target: InvalidationTarget): void; invalidate(target: InvalidationTarget): Promise<unknown> },
  failed: (error: unknown) => void,
): () => void {
  const [add, remove] = methodsOf(source)
  assertInvalidationMap(map)
  for (const target of Object.values(map)) if (typeof target !== 'function') check(target)
  const listeners = Object.entries(map).map(([event, target]) => {
    const listener = async (...payload: unknown[]): Promise<void> => {
      try {
        const named = typeof target === 'function' ? target(...payload) : target
        if (named !== undefined && named !== null) await invalidate(named)
      } catch (error) {
        failed(error)
      }
    }
    add(event, listener)
    return [event, listener] as const
  })
  return () => {
    for (const [event, listener] of listeners.splice(0)) remove(event, listener)
  }
}

function methodsOf(source: EventSource): readonly [add: Listening, remove: Listening] {
  const { on, off, addEventListener, removeEventListener } = (source ?? {}) as Record<string, unknown>
  // Node's own targets are both; as emitters they hand over what was sent.
  for (const [add, remove] of [
    [on, off],
    [addEventListener, removeEventListener],
  ]) {
    if (typeof add === 'function' && typeof remove === 'function') return [add.bind(source), remove.bind(source)]
  }
  throw new CacheConfigError('invalidateOn', `got ${show(source)}`, 'Give an EventEmitter or an EventTarget.')
}
