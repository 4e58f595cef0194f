import type { Awaitable } from '../awaitable.ts'
import type { ModelGraph } from '../query/model-graph.ts'
import { wholeModelsWriteSet } from '../query/write-set.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { KnownRegistry, Registration, ShapeRegistry } from '../stores/store.ts'
import { outOfScope } from '../tags/scope-tags.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import { modelOf, type Tag, wholeModel } from '../tags/tag.ts'
import { LOCKED } from '../tags/tag-clocks.ts'

/** No model has such a name: those of Prisma begin with a letter. */
const REGISTRY = '_spelling'
const AGAIN_MS = 60_000
/** What is moved when the registry is found lost, among others. */
const WHOLE_MODEL = /[:?]\*$/

/**
 * Which spellings of values there are in the tags of one prefix. A process with `encryption` spells the value of a row's
 * key under its digest key, so it cannot name the tags that a process without it, or with another key, depends on.
 *
 * Every process that stores entries registers its spelling, in a registry beside those of shapes, before it asks the
 * database. Every writer has that registry compared in the round trip of its invalidation. Where somebody spells
 * otherwise, a change of a row invalidates its model, which all spell alike. A registry that was lost may have held
 * anybody: whoever finds it lost invalidates all models, so that all readers miss, and register again.
 */
export class Spellings {
  readonly #own: string
  readonly #graph: ModelGraph
  readonly #onOther: () => void
  /** Never fewer: who is gone costs precision until this process ends, and nothing else. */
  readonly #others = new Set<string>()
  #version: string | undefined
  /** It was lost, and nobody has registered since. */
  #isEmpty = false
  #registeredAt = Number.NEGATIVE_INFINITY
  /** The epoch that ends when the registry is lost. */
  #registeredUnder: string | undefined

  /** `own`: what tells this process' spelling from another, and nothing of its key. */
  constructor(own: string, graph: ModelGraph, onOther: () => void) {
    this.#own = own
    this.#graph = graph
    this.#onOther = onOther
  }

  /**
   * To be called before the database is asked; `moved`: what the entry that is missed was invalidated by. The first
   * registration is waited for. Later ones, now and then and whenever a whole model was invalidated, are only sent: they
   * reach the store before the fill does.
   */
  register(store: GuardedStore, moved: readonly Tag[] = []): Awaitable<void> {
    const now = performance.now()
    if (now - this.#registeredAt < AGAIN_MS && !moved.some((tag) => WHOLE_MODEL.test(tag))) return undefined
    const isFirst = this.#registeredUnder === undefined
    if (!isFirst) this.#registeredAt = now
    const registered = this.#registered(store)
    if (!isFirst) return void registered.catch(() => {})
    return registered.then(() => {
      this.#registeredAt = now
    })
  }

  async #registered(store: GuardedStore): Promise<void> {
    const shape: ShapeKey = { model: REGISTRY, text: this.#own }
    const [registration] = (await store.register([shape])) as readonly [Registration]
    if (registration === LOCKED) return
    const before = this.#registeredUnder
    this.#registeredUnder = registration.epoch
    if (before !== undefined && before !== registration.epoch) await store.bump(this.#everything())
  }

  /** To be compared with an invalidation. */
  known(): KnownRegistry {
    return { model: REGISTRY, version: this.#version }
  }

  /** What else these tags are to be moved with, given the registries that were not as known. */
  besides(tags: Iterable<Tag>, registries: readonly ShapeRegistry[]): Set<Tag> {
    const registry = registries.find(({ model }) => model === REGISTRY)
    if (registry) this.#learn(registry)
    if (this.#isEmpty) return new Set(this.#everything())
    return this.#others.size > 0 ? this.widened(tags) : new Set()
  }

  /** The tags that all spell alike and that cover these, where somebody spells otherwise. */
  widened(tags: Iterable<Tag>): Set<Tag> {
    const wide = new Set<Tag>()
    if (this.#others.size === 0) return wide
    for (const tag of tags) {
      const unscoped = outOfScope(tag)
      const model = modelOf(tag)
      if (unscoped === '') for (const one of this.#everything()) wide.add(one)
      else if (unscoped !== undefined) wide.add(unscoped)
      else if (model !== undefined) for (const one of wholeModel(model)) wide.add(one)
    }
    return wide
  }

  #learn({ version, texts }: ShapeRegistry): void {
    this.#version = version
    this.#isEmpty = texts.length === 0
    const knewOthers = this.#others.size > 0
    for (const text of texts) if (text !== this.#own) this.#others.add(text)
    if (!knewOthers && this.#others.size > 0) this.#onOther()
  }

  #everything(): readonly Tag[] {
    return [...wholeModelsWriteSet(this.#graph, this.#graph.models.values())]
  }
}
