import type { ModelGraph } from '../query/model-graph.ts'
import { globLiteral } from '../stores/glob.ts'
import { VALUES } from '../values/value-context.ts'

/**
 * Keys and patterns as the store has them. They may be given whole, as events show them, or without the prefix: then they
 * are of queries, `User:findMany:…`, or of values, `data:…` (unless there is a model of that name).
 */
export class WholeKeys {
  readonly #queries: string
  readonly #values: string
  readonly #hasModel: boolean

  constructor(prefix: string, graph: ModelGraph) {
    this.#queries = `${prefix}query:`
    this.#values = `${prefix}data:`
    this.#hasModel = graph.models.has('data')
  }

  key(key: string): string {
    const { begins, rest } = this.#split(key)
    return begins + rest
  }

  /** The key, and the model and operation it is of. */
  described(key: string): { readonly key: string; readonly model: string; readonly operation: string } {
    const { begins, rest } = this.#split(key)
    if (begins === this.#values) return { key: begins + rest, model: VALUES, operation: 'value' }
    const [model = '', operation = ''] = rest.split(':', 2)
    return { key: begins + rest, model, operation }
  }

  /** `undefined`: all there are. */
  patterns(pattern: string | undefined): string[] {
    if (pattern === undefined) return [this.#queries, this.#values].map((begins) => `${globLiteral(begins)}*`)
    const { begins, rest } = this.#split(pattern)
    return [globLiteral(begins) + rest]
  }

  #split(text: string): { readonly begins: string; readonly rest: string } {
    for (const begins of [this.#queries, this.#values]) {
      if (text.startsWith(begins)) return { begins, rest: text.slice(begins.length) }
    }
    if (text.startsWith('data:') && !this.#hasModel) return { begins: this.#values, rest: text.slice('data:'.length) }
    return { begins: this.#queries, rest: text }
  }
}
