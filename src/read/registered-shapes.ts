import type { ShapeKey } from '../tags/shape-tags.ts'
import type { SeenVersion, TagVersion } from '../tags/tag-versions.ts'

interface Versions<V> {
  readonly everyShape: V
  readonly anyValues: V
}

/**
 * What this process knows to be registered. A shape stays registered as long as its two versions stand: a registry that
 * was lost moves the one before anybody uses it again, a shape that gives way the other. So nothing here has to expire.
 */
export class RegisteredShapes {
  readonly #versions = new Map<string, Versions<TagVersion>>()

  has(shape: ShapeKey, now: Versions<SeenVersion>): boolean {
    const known = this.#versions.get(nameOf(shape))
    return known !== undefined && known.everyShape === now.everyShape && known.anyValues === now.anyValues
  }

  add(shape: ShapeKey, versions: Versions<TagVersion>): void {
    // Knowing less costs a registration.
    if (this.#versions.size >= MAX_KNOWN) this.#versions.clear()
    this.#versions.set(nameOf(shape), versions)
  }
}

const MAX_KNOWN = 10_000
const nameOf = ({ model, text }: ShapeKey) => `${model}?${text}`
