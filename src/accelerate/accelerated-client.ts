import type { Clock } from '../clock.ts'
import { extend, type Surface } from '../extension/cache-extension.ts'
import type { AnyClient } from '../extension/client.ts'
import { over } from '../extension/near-delegates.ts'
import { READS } from '../extension/operations.ts'
import type { PrismaCacheControl } from '../extension/prisma-control.ts'
import { validateOptions } from '../policy/validate-options.ts'
import { delegateName } from '../query/model-graph.ts'
import { cacheArguments } from './cache-strategy.ts'
import { invalidation } from './invalidation.ts'
import { type ReadPromise, withInfo } from './read-info.ts'
import type { AccelerateExtension, WithAccelerateOptions } from './surface-types.ts'

/**
 * What `withAccelerate` of `@prisma/extension-accelerate` adds to a client, over the cache of this package. Reads are
 * cached where they have a `cacheStrategy`, and where the options give their model a `ttl`. Writes invalidate them;
 * with `invalidation: 'tags'` they do not, and results live as long as their `ttl` and `swr` say.
 *
 *     const prisma = new PrismaClient({ adapter }).$extends(withAccelerate({ redis: url }))
 *
 * @throws CacheConfigError naming the option, the value seen and the fix.
 */
export function withAccelerate({ fetch: _, ...options }: WithAccelerateOptions = {}): AccelerateExtension {
  const { clock = Date.now } = validateOptions(options)
  const surface: Surface = { cacheArguments, members: (control) => ({ $accelerate: invalidation(control) }) }
  const extension = (client: AnyClient) => {
    const models = Object.keys(client._runtimeDataModel?.models ?? {})
    return new InfoClients(models, clock).over(extend(client, options, surface))
  }
  return extension as unknown as AccelerateExtension
}

/**
 * Clients whose reads have `withAccelerateInfo`. It is put over the methods of the client, and over those of clients made
 * from it. As model methods, the way of `@prisma/extension-accelerate`, reads would hide the hooks and computed fields of
 * every extension applied later.
 */
class InfoClients {
  readonly #models: ReadonlySet<string>
  readonly #clock: Clock

  constructor(models: readonly string[], clock: Clock) {
    this.#models = new Set(models.flatMap((model) => [model, delegateName(model)]))
    this.#clock = clock
  }

  over(client: AnyClient): AnyClient {
    // The client of a transaction may have neither.
    const { $extends, $transaction } = client as Partial<AnyClient>
    const begin = (input: unknown, options?: unknown) =>
      $transaction?.call(client, typeof input === 'function' ? (tx: AnyClient) => input(this.over(tx)) : input, options)
    const members: Record<string, unknown> = {
      ...($extends && { $extends: (extension: unknown) => this.over($extends.call(client, extension)) }),
      ...($transaction && { $transaction: begin }),
    }
    return over(
      client,
      new LazyMembers((name) => {
        const own = this.#models.has(name)
          ? (client as unknown as Record<string, Delegate | undefined>)[name]
          : undefined
        return own ? this.#delegate(own, client) : members[name]
      }),
    )
  }

  #delegate(own: Delegate, { $cache }: AnyClient & { readonly $cache?: PrismaCacheControl }): Delegate {
    return over(
      own,
      new LazyMembers((operation) => {
        if (!READS.has(operation) || !$cache) return undefined
        const clock = this.#clock
        // Not an arrow function: as `Proxy.read` its frame is none of those that Prisma takes for the caller's line.
        return function read(args?: unknown): ReadPromise {
          const make = own[operation] as (args?: unknown) => ReadPromise
          return Object.assign(make(args), { withAccelerateInfo: () => withInfo(() => make(args), $cache, clock) })
        }
      }),
    )
  }
}

type Delegate = Record<string, unknown>

/** Made when they are first asked for: a transaction has a client of its own, and few models are used in it. */
class LazyMembers {
  readonly #made = new Map<string, unknown>()
  readonly #make: (name: string) => unknown

  constructor(make: (name: string) => unknown) {
    this.#make = make
  }

  get(name: string): unknown {
    if (!this.#made.has(name)) this.#made.set(name, this.#make(name))
    return this.#made.get(name)
  }

  /** Whoever puts something else in its place is not to see it again. */
  delete(name: string): void {
    this.#made.set(name, undefined)
  }
}
