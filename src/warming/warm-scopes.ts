import { AsyncScope } from '../async-scope.ts'
import { type CacheEvent, EventHub } from '../events.ts'
import type { ReadContext } from '../read/read-context.ts'
import type { Round } from './round.ts'

interface Scope {
  readonly round: Round
  readonly context: ReadContext
  /** In a read that has its turn: another one in it, of an extension say, must not wait for a second. */
  readonly isInside: boolean
}

/** How reads made to warm are made. */
export interface WarmReads {
  /** Runs a read when it is its turn, in the context it is to be made in. */
  read(run: (context: ReadContext) => Promise<unknown>): Promise<unknown>
}

/**
 * Reads are made by the application's own code; that they are made to warm is told by the async scope they are made in.
 * There they are bounded, counted apart from everybody's hits and misses, and renew what would be over too soon.
 */
export class WarmScopes {
  readonly #scopes = new AsyncScope<Scope>()
  readonly #context: ReadContext

  constructor(context: ReadContext) {
    this.#context = context
  }

  /** `undefined`: this read is a caller's. */
  current(): WarmReads | undefined {
    const scope = this.#scopes.current()
    if (!scope) return undefined
    const { round, context, isInside } = scope
    if (isInside) return { read: (run) => run(context) }
    return {
      read: (run) => round.read(() => this.#scopes.run({ ...scope, isInside: true }, () => run(context))),
    }
  }

  /** `renewWithinMs`: what is fresh for no longer than this is asked of the database again. */
  async within<T>(round: Round, renewWithinMs: number, work: () => PromiseLike<T> | T): Promise<T> {
    const events = new WarmEvents(this.#context.events, round)
    const scope = { round, context: { ...this.#context, events, renewWithinMs }, isInside: false }
    return this.#scopes.run(scope, work)
  }
}

/** What is told of reads made to warm: everything but how they were answered, which is not what callers are answered. */
class WarmEvents extends EventHub {
  readonly #all: EventHub
  readonly #round: Round

  constructor(all: EventHub, round: Round) {
    super()
    this.#all = all
    this.#round = round
  }

  override isHeard(type: CacheEvent['type']): boolean {
    return this.#all.isHeard(type)
  }

  override emit(event: CacheEvent): void {
    const { tally } = this.#round
    switch (event.type) {
      case 'hit':
      case 'stale':
        tally.fresh += 1
        break
      case 'miss':
        tally.queried += 1
        break
      case 'bypass':
        tally.uncached += 1
        break
      default:
        this.#all.emit(event)
    }
  }
}
