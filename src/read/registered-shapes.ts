import type { ShapeKey } from '../tags/shape-tags.ts'
import { isCurrent, type SeenTag, type Stamp } from '../tags/tag-clocks.ts'

/**
 * What this process knows to be registered. A registration is judged like an entry: a registry that is lost takes its epoch
 * with it, and a shape that gives way changes the tag of its values. So nothing here has to expire.
 */
export class RegisteredShapes {
  readonly #stamps = new Map<string, Stamp>()

  /** `anyValues`: the tag of the shape's values, as it was seen now. */
  has(shape: ShapeKey, anyValues: SeenTag | undefined): boolean {
    return isCurrent(this.#stamps.get(nameOf(shape)), anyValues)
  }

  add(shape: ShapeKey, stamp: Stamp): void {
    // Knowing less costs a registration.
    if (this.#stamps.size >= MAX_KNOWN) this.#stamps.clear()
    this.#stamps.set(nameOf(shape), stamp)
  }
}

const MAX_KNOWN = 10_000
const nameOf = ({ model, text }: ShapeKey) => `${model}?${text}`
