import type { Prisma } from '@prisma/client/extension'
import type { PrismaCacheControl } from '../extension/prisma-control.ts'
import type {
  CachedMethod,
  CachedModel,
  ExtendedBy,
  ExtensibleClient,
  ReadArgs,
  ResultOf,
} from '../extension/typed-client.ts'
import type { CacheOptions } from '../policy/options.ts'

/** The types of `@prisma/extension-accelerate`, by the same names. */

export interface PrismaCacheStrategy {
  /** Caches the result of this read. With neither `ttl` nor `swr` the database is asked. */
  readonly cacheStrategy?: {
    /** For how many seconds after `ttl` an expired result may still be served, while one read refreshes it behind. */
    readonly swr?: number
    /** For how many seconds the result is fresh. */
    readonly ttl?: number
    /** Names to invalidate the result by: `prisma.$accelerate.invalidate({ tags })`. */
    readonly tags?: ReadonlyArray<string>
  }
}

export interface AccelerateInfo {
  /**
   * - `ttl`: the cache answered with a fresh result
   * - `swr`: the cache answered with an expired result, which is being refreshed
   * - `miss`: the database answered, and the result is stored
   * - `none`: the database answered; the read is not cached, or bypassed the cache
   */
  cacheStatus: 'ttl' | 'swr' | 'miss' | 'none'
  /** When the database was asked. */
  lastModified: Date
  /** Always `unspecified`: the cache is this process, or your Redis. */
  region: string
  /** Always `unspecified`: no request is made. */
  requestId: string
  /** The key of the entry; `unspecified` where the read is not cached. */
  signature: string
}

export interface AccelerateInvalidateInput {
  /** Tags that reads named in their `cacheStrategy`. */
  tags: ReadonlyArray<string>
}

export interface AcceleratePromise<T> extends Prisma.PrismaPromise<T> {
  /** Makes the read, and tells with its result what the cache did for it. */
  withAccelerateInfo(): Prisma.PrismaPromise<{ data: T; info: AccelerateInfo | null }>
}

export interface WithAccelerateOptions extends CacheOptions {
  /** Taken so that existing calls compile, and never called: no request is made. */
  fetch?(this: void, input: string | URL | Request, init?: RequestInit): Promise<Response>
}

/** `prisma.$accelerate` */
export interface AccelerateControl {
  /** Invalidates what was read with one of these tags. No read that begins after this resolved is served an older result. */
  invalidate: (input: AccelerateInvalidateInput) => Promise<{ requestId: string }>
  /** Removes every entry of this `prefix`. */
  invalidateAll: () => Promise<{ requestId: string }>
}

type Args<T, O extends keyof CachedModel> = Prisma.Args<T, O> & ReadArgs & PrismaCacheStrategy

type Result<T, A, O extends keyof CachedModel> = ResultOf<T, A, O> & AcceleratePromise<Awaited<ResultOf<T, A, O>>>

type Read<O extends keyof CachedModel> = <T, A = Args<T, O>>(
  this: T,
  args: Prisma.Exact<A, Args<T, O>>,
) => Result<T, A, O>

type ReadWithDefaults<O extends keyof CachedModel> = <T, A = Args<T, O>>(
  this: T,
  args?: Prisma.Exact<A, Args<T, O>>,
) => Result<T, A, O>

interface AcceleratedReads {
  findUnique: Read<'findUnique'>
  findUniqueOrThrow: Read<'findUniqueOrThrow'>
  findFirst: ReadWithDefaults<'findFirst'>
  findFirstOrThrow: ReadWithDefaults<'findFirstOrThrow'>
  findMany: ReadWithDefaults<'findMany'>
  count: ReadWithDefaults<'count'>
  aggregate: Read<'aggregate'>
  groupBy: Read<'groupBy'>
}

/** As `CachedMethod`: declaration files name it. */
export type AcceleratedMethod<O extends keyof AcceleratedReads> = () => AcceleratedReads[O]

type AcceleratedModel = { [O in keyof AcceleratedReads]: AcceleratedMethod<O> } & {
  [O in Exclude<keyof CachedModel, keyof AcceleratedReads>]: CachedMethod<O>
}

export type AccelerateExtension = (
  client: ExtensibleClient,
) => ExtendedBy<AcceleratedModel, { $accelerate: () => AccelerateControl; $cache: () => PrismaCacheControl }>
