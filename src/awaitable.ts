/** What may be known at once: each promise around a read that needs none costs as much as a step of it. */
export type Awaitable<T> = T | Promise<T>

/** `next` of the value, at once where it is known. */
export function whenKnown<T, R>(value: Awaitable<T>, next: (known: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
