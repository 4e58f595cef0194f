import type { Clock } from '../clock.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import { TokenBucket } from '../token-bucket.ts'

/** New shapes of a model at once: half of what its registry holds, and more than applications have call sites for. */
const AT_ONCE = 64
/** How long until there is one more, ms. */
const ONE_MORE_EVERY = 600_000

/**
 * Which shapes this client may register. Every write to a model looks at each shape that is registered, and in a full
 * registry one gives way to the next: a caller who makes up filters would slow the writes and push out everybody's
 * entries. A read whose shape is one too many depends on rows, or on all of the model, which needs no registration.
 */
export class ShapeAllowance {
  readonly #clock: Clock
  readonly #models = new Map<string, { readonly known: Set<string>; readonly left: TokenBucket }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** What was admitted once stays so. */
  admits({ model, text }: ShapeKey): boolean {
    let of = this.#models.get(model)
    if (!of) {
      of = { known: new Set(), left: new TokenBucket(AT_ONCE, AT_ONCE * ONE_MORE_EVERY, this.#clock) }
      this.#models.set(model, of)
    }
    if (!of.known.has(text) && of.left.take() !== true) return false
    of.known.add(text)
    return true
  }
}
