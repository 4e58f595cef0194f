import type { Clock } from '../clock.ts'
import type { CacheInfo } from '../control/cache-info.ts'
import type { PrismaCacheControl } from '../extension/prisma-control.ts'
import type { AccelerateInfo } from './surface-types.ts'

/** What the extension of Prisma says where it does not know. */
export const UNSPECIFIED = 'unspecified'

/** What a read of a model returns: nothing is done before somebody waits for it. */
export interface ReadPromise extends PromiseLike<unknown> {
  readonly spec?: unknown
  requestTransaction?(transaction: unknown): PromiseLike<unknown>
}

/** The read that `make` makes, with what the cache did for it; like the read it may stand in `$transaction([...])`. */
export function withInfo(make: () => ReadPromise, control: PrismaCacheControl, clock: Clock) {
  let made: ReadPromise | undefined
  let answered: Promise<unknown> | undefined
  const read = () => (made ??= make())
  const told = (data: unknown, info?: CacheInfo) => ({ data, info: accelerateInfo(info, clock()) })
  const waited = () => (answered ??= control.withCacheInfo(read()).then(({ data, info }) => told(data, info)))
  return {
    get spec() {
      return read().spec
    },
    // biome-ignore lint/suspicious/noThenProperty: it is a promise
    then: ((done, failed) => waited().then(done, failed)) as Promise<unknown>['then'],
    catch: ((failed) => waited().catch(failed)) as Promise<unknown>['catch'],
    finally: ((done) => waited().finally(done)) as Promise<unknown>['finally'],
    requestTransaction: (transaction: unknown) =>
      read()
        .requestTransaction?.(transaction)
        .then((data) => told(data)),
    [Symbol.toStringTag]: 'PrismaPromise',
  }
}

const STATUS = { hit: 'ttl', stale: 'swr', miss: 'miss', bypass: 'none' } as const

/** `undefined`: a read in a batch, which asks the database. */
function accelerateInfo(info: CacheInfo | undefined, now: number): AccelerateInfo {
  const ageMs = info && 'ageMs' in info ? info.ageMs : 0
  return {
    cacheStatus: info ? STATUS[info.status] : 'none',
    lastModified: new Date(now - ageMs),
    region: UNSPECIFIED,
    requestId: UNSPECIFIED,
    signature: info && info.status !== 'bypass' ? info.key : UNSPECIFIED,
  }
}
