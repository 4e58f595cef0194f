import type { Model, ModelGraph } from '../query/model-graph.ts'

/**
 * Prisma sends the `findUnique` calls of one tick as one statement, and finds for each its row by the value that was
 * asked for. It finds none where the database holds a value equal that is spelt another way (`A@B.C` for `a@b.c` under
 * `citext`, a UUID in capitals), and answers `null`. Such a null must not be kept for others: alone, the same call finds
 * the row.
 */
export class MergedReads {
  readonly #graph: ModelGraph
  readonly #counts = new Map<string, { open: number; begun: number }>()

  constructor(graph: ModelGraph) {
    this.#graph = graph
  }

  /** The call is sent. Returns what to ask when it is answered: whether a `null` may be due to its being merged. */
  begin(name: string, operation: string, where: unknown): () => boolean {
    const model = this.#graph.models.get(name)
    if (!model || !operation.startsWith('findUnique')) return () => false
    const count = this.#counts.get(name) ?? { open: 0, begun: 0 }
    this.#counts.set(name, count)
    const wasAlone = count.open === 0
    const begun = ++count.begun
    count.open += 1
    return () => {
      count.open -= 1
      return !(wasAlone && count.begun === begun) && hasOtherSpellings(this.#graph.provider, model, where)
    }
  }
}

/** Whether the database may hold a key equal that is spelt another way. */
function hasOtherSpellings(provider: string, model: Model, where: unknown): boolean {
  if (typeof where !== 'object' || where === null) return false
  return Object.entries(where).some(([name, value]) => {
    const field = model.fields.get(name)
    // The columns of a compound key stand one level deeper.
    if (!field) return hasOtherSpellings(provider, model, value)
    if (field.type !== 'String' || typeof value !== 'string') return false
    if (field.nativeType === 'Uuid') return !CANONICAL_UUID.test(value)
    const exact = COMPARES_EXACTLY.has(provider) && !PADDED_OR_FOLDED.has(field.nativeType ?? '')
    return !exact
  })
}

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const COMPARES_EXACTLY: ReadonlySet<string> = new Set(['sqlite', 'postgresql', 'postgres', 'cockroachdb'])
const PADDED_OR_FOLDED: ReadonlySet<string> = new Set(['Char', 'Citext'])
