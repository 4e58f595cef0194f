import { ConnectionLostError } from '../../errors.ts'
import type { RedisClient, Reply } from './redis-client.ts'

/** How a server says that it takes no writes, or none of ours, whatever they are. A full one (`OOM`) still takes `UNLINK`. */
const REFUSED = /^(READONLY|NOPERM|MISCONF|NOREPLICAS|NOAUTH|WRONGPASS)\b/

/** Whether a reply says that invalidations do not get through to this server. */
export function isRefused([error]: Reply): boolean {
  return error !== null && REFUSED.test(error.message)
}

/** What is thrown where a server was found to refuse writes. */
export function refusal({ message }: Error): ConnectionLostError {
  return new ConnectionLostError(`the server refuses writes: ${message}`)
}

/**
 * A server that answers reads and refuses writes (it was demoted, its disk is full, its ACL was changed) serves what no
 * invalidation reaches. So a write that changes nothing goes along with look-ups, at most so many milliseconds apart:
 * that is the bound on how long entries are served from a server whose writers are refused.
 */
export class WriteCheck {
  readonly #everyMs: number
  readonly #checkedAt = new WeakMap<RedisClient, number>()

  constructor(everyMs: number) {
    this.#everyMs = everyMs
  }

  /** Whether the server is to be asked along with what is read from it now; says yes once for all who read meanwhile. */
  isDue(server: RedisClient): boolean {
    if (this.#everyMs === Number.POSITIVE_INFINITY) return false
    const now = performance.now()
    const last = this.#checkedAt.get(server)
    if (last !== undefined && now - last < this.#everyMs) return false
    this.begin(server)
    return true
  }

  /** The server is asked now. */
  begin(server: RedisClient): void {
    this.#checkedAt.set(server, performance.now())
  }
}
