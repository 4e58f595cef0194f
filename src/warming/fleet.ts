import { digest } from '../read/cache-key.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { Lease } from '../stores/store.ts'
import { newToken } from '../tags/tag-clocks.ts'

/** What a warmer has been made to do, each kind with the mark of what it was last done for. */
export type Marks = ReadonlyMap<string, string>

/** A right to warm that nobody else in the fleet has meanwhile. */
export interface Turn {
  /** What was done here, or in other processes, before. */
  readonly marks: Marks
  /** Ends it; `marks`: what is done by now. */
  end(marks?: Marks): Promise<void>
}

export interface FleetContext {
  readonly store: GuardedStore
  readonly prefix: string
  /** Of the client: processes of another schema have other entries, and warm for themselves. */
  readonly fingerprint: string
}

/**
 * One process at a time does what a name stands for: a lease in the store, renewed while the work lasts, that ends by
 * itself when its holder has died. Beside it lies what was done, so that nobody does it again.
 *
 * A lease decides who warms, never what is fresh: two at a time cost queries, no more.
 */
export class Fleet {
  readonly #context: FleetContext
  /** Where no store is shared, it is this process that remembers. */
  readonly #alone = new Map<string, Marks>()

  constructor(context: FleetContext) {
    this.#context = context
  }

  /** `undefined`: another process is at it. `lost` is called when the lease was not renewed in time. Rejects with the store. */
  async enter(name: string, leaseMs: number, lost: () => void): Promise<Turn | undefined> {
    const { store, prefix, fingerprint } = this.#context
    if (!store.claim) return this.#here(name)
    const key = `${prefix}warm:${digest(`${fingerprint} ${name}`)}`
    const lease: Lease = { key, under: '', holder: newToken(), leaseMs }
    const { granted, entry } = await store.claim(lease, [])
    if (!granted) return undefined
    const stop = this.#keep(lease, lost)
    return {
      marks: readMarks(entry),
      end: async (marks) => {
        stop()
        // In this order, and so on the server: who is granted it next sees what was done. What fails is done once more.
        const noted = marks && store.fill(key, writeMarks(marks), KEPT_MS)
        await Promise.allSettled([noted, store.endLease?.(lease)])
      },
    }
  }

  #here(name: string): Turn {
    return {
      marks: this.#alone.get(name) ?? new Map(),
      end: async (marks) => {
        if (marks) this.#alone.set(name, marks)
      },
    }
  }

  #keep(lease: Lease, lost: () => void): () => void {
    const { store } = this.#context
    let lastsUntil = performance.now() + lease.leaseMs
    const renew = async () => {
      const begun = performance.now()
      // While the store does not answer the lease lasts for as long as it was last given.
      const renewed = await store.renewLease?.(lease).catch(() => undefined)
      if (renewed) lastsUntil = begun + lease.leaseMs
      else if (renewed === false || performance.now() >= lastsUntil) over()
    }
    const over = () => {
      clearInterval(timer)
      lost()
    }
    const timer = setInterval(() => void renew(), lease.leaseMs / RENEWALS).unref()
    return () => clearInterval(timer)
  }
}

/** Renewals in the life of a lease. */
const RENEWALS = 4
const KEPT_MS = 7 * 24 * 3600 * 1000
const MARK = /^([a-z]+)=([\w-]{1,64})$/

function writeMarks(marks: Marks): string {
  return [...marks].map(([kind, mark]) => `${kind}=${mark}`).join(' ')
}

/** What is not a mark, of another version say, is none. */
function readMarks(text: string | undefined): Marks {
  const found = (text ?? '').split(' ', 20).map((one) => MARK.exec(one))
  return new Map(found.flatMap((one) => (one ? [[one[1] as string, one[2] as string] as const] : [])))
}
