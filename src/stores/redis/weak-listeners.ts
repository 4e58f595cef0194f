import type { RedisClient } from './redis-client.ts'

interface Listener {
  readonly target: WeakRef<object>
  readonly told: (target: never, about: unknown) => void
}

const heard = new WeakMap<RedisClient, Map<string, Set<Listener>>>()
const dropped = new FinalizationRegistry<() => void>((end) => end())

/**
 * Tells `target` of a client's events, for as long as somebody else holds `target`: a client outlives the caches that
 * were made over it, and must not keep them alive. A client is given one listener an event, however many caches there
 * are. `told` must not hold `target` itself.
 *
 * @returns what ends it.
 */
export function listenWeakly<Target extends object>(
  client: RedisClient,
  event: string,
  target: Target,
  told: (target: Target, about: unknown) => void,
): () => void {
  let events = heard.get(client)
  if (!events) heard.set(client, (events = new Map()))
  let listeners = events.get(event)
  if (!listeners) {
    const all = (listeners = new Set<Listener>())
    events.set(event, all)
    client.on?.(event, (about: unknown) => {
      for (const { target, told } of all) {
        const there = target.deref()
        if (there) told(there as never, about)
      }
    })
  }
  const all = listeners
  const listener: Listener = { target: new WeakRef(target), told }
  const end = () => void all.delete(listener)
  all.add(listener)
  dropped.register(target, end, listener)
  return () => {
    dropped.unregister(listener)
    end()
  }
}
