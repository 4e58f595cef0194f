import type { Model, ModelGraph } from '../query/model-graph.ts'
import { movedTags } from '../query/row-change.ts'
import { parseShape, type Shape } from '../query/shape.ts'
import type { WriteSet } from '../query/write-set.ts'
import type { KnownRegistry, ShapeRegistry } from '../stores/store.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'

/**
 * This process' copy of the registries of shapes. It may be old: whoever moves tags by it has it compared in the same
 * round trip, after the commit, and moves what was missing.
 */
export class ShapesInUse {
  readonly #graph: ModelGraph
  readonly #registries = new Map<string, { readonly version: string; readonly shapes: readonly Shape[] }>()

  constructor(graph: ModelGraph) {
    this.#graph = graph
  }

  known(models: Iterable<string>): KnownRegistry[] {
    return [...models].map((model) => ({ model, version: this.#registries.get(model)?.version }))
  }

  learn(registries: readonly ShapeRegistry[]): void {
    for (const { model, version, texts } of registries) {
      const shapes = texts.map((text) => parseShape(model, text)).filter((shape) => shape !== undefined)
      this.#registries.set(model, { version, shapes })
    }
  }

  /** Columns from which the tags of a row are told. */
  columnsOf(model: Model): Set<string> {
    const keys = (model.uniques ?? []).flatMap(({ fields }) => fields.map(({ name }) => name))
    const shapes = this.#registries.get(model.name)?.shapes ?? []
    const compared = shapes.flatMap(({ fields }) => fields.map(({ name }) => name))
    return new Set([...keys, ...compared.filter((name) => model.fields.get(name)?.kind !== 'relation')])
  }

  /** The tags of shapes that these changes move. */
  movedBy({ changes }: WriteSet): Set<Tag> {
    const tags = new Set<Tag>()
    for (const [name, some] of changes) {
      const model = this.#graph.models.get(name)
      const shapes = this.#registries.get(name)?.shapes ?? []
      if (!model) continue
      const ofModel = new Set<Tag>()
      for (const shape of shapes) {
        for (const change of some) {
          for (const tag of movedTags(this.#graph, model, shape, change)) ofModel.add(tag)
        }
      }
      if (ofModel.size > MAX_MOVED) tags.add(everyShapeTag(name))
      else for (const tag of ofModel) tags.add(tag)
    }
    return tags
  }
}

/** Beyond this many tags of one model a write moves all of its shapes by one. */
const MAX_MOVED = 512
