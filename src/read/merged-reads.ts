import { processWide } from '../process-wide.ts'
import type { Field, Model, ModelGraph } from '../query/model-graph.ts'

/**
 * Prisma sends the `findUnique` calls of one tick as one statement, and finds for each its row by the value that was
 * asked for. It finds none where the database holds a value equal that is spelt another way (`A@B.C` for `a@b.c` under
 * `citext`, `a ` for `a` on MySQL, a UUID in capitals), and answers `null`. Such a null must not be kept for others:
 * alone, the same call finds the row.
 *
 * Every call is counted, cached or not, and by client: two caches over one client send their calls together. The counts
 * are on `globalThis`, for each cache may come from a copy of this package of its own.
 */
export class MergedReads {
  readonly #graph: ModelGraph
  readonly #counts: Counts

  /** `client`: who sends the calls; without one it sends nobody else's. */
  constructor(graph: ModelGraph, client: object = {}) {
    this.#graph = graph
    this.#counts = countsOf(client)
  }

  /** Sends a call that Prisma may merge with others: one outside of transactions. */
  send(model: string, operation: string, query: () => PromiseLike<unknown>): PromiseLike<unknown> {
    return operation.startsWith('findUnique') ? this.#counted(model, query) : query()
  }

  async #counted(model: string, query: () => PromiseLike<unknown>): Promise<unknown> {
    const count = this.#counts.get(model) ?? { open: 0, begun: 0 }
    this.#counts.set(model, count)
    count.open += 1
    count.begun += 1
    try {
      return await query()
    } finally {
      count.open -= 1
    }
  }

  /** Taken in the moment a call is sent. Returns what to ask when it is answered: whether a `null` may be Prisma's own. */
  watch(name: string, operation: string, where: unknown): () => boolean {
    const model = this.#graph.models.get(name)
    if (!model || !operation.startsWith('findUnique')) return () => false
    const { open, begun } = this.#counts.get(name) ?? { open: 0, begun: 0 }
    const wasAlone = () => open === 0 && this.#counts.get(name)?.begun === begun + 1
    return () => !wasAlone() && mayBeSpeltOtherwise(this.#graph.provider, model, where)
  }
}

/** Of calls to a model. */
type Counts = Map<string, { open: number; begun: number }>

function countsOf(client: object): Counts {
  const all = processWide('merged-reads@1', () => new WeakMap<object, Counts>())
  let counts = all.get(client)
  if (!counts) all.set(client, (counts = new Map()))
  return counts
}

/** Whether the database may hold a key equal that Prisma takes for another one. */
function mayBeSpeltOtherwise(provider: string, model: Model, where: unknown): boolean {
  if (typeof where !== 'object' || where === null) return false
  return Object.entries(where).some(([name, value]) => {
    const field = model.fields.get(name)
    // The columns of a compound key stand one level deeper.
    return field ? !isExact(provider, field, value) : mayBeSpeltOtherwise(provider, model, value)
  })
}

/** Whether the database holds this value equal to none but the one that Prisma does. */
function isExact(provider: string, field: Field, value: unknown): boolean {
  if (value === undefined || field.kind === 'enum') return true
  switch (field.type) {
    case 'Int':
    case 'BigInt':
    case 'Boolean':
      return true
    case 'String':
      return typeof value === 'string' && isExactText(provider, field, value)
    default:
      // A Float is rounded to its column, a DateTime cut to its day.
      return false
  }
}

function isExactText(provider: string, { nativeType, collation }: Field, value: string): boolean {
  if (nativeType === 'Uuid') return CANONICAL_UUID.test(value)
  if (!COMPARES_EXACTLY.has(provider) || collation?.isDeterministic === false) return false
  return nativeType === undefined || EXACT_TYPES.has(nativeType)
}

const CANONICAL_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
/** All others hold texts equal that differ in case or in blanks at the end. */
const COMPARES_EXACTLY: ReadonlySet<string> = new Set(['sqlite', 'postgresql', 'postgres', 'cockroachdb'])
/** Neither padded nor folded, nor written in several ways as an address is. */
const EXACT_TYPES: ReadonlySet<string> = new Set(['Text', 'VarChar', 'String'])
