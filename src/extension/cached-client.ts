import type { ITXClientDenyList, Types } from '@prisma/client/runtime/client'
import type { PrismaCacheControl } from './prisma-control.ts'
import type { Extended } from './typed-client.ts'

/**
 * The client that `$extends(cacheExtension)` returns, for code that takes it:
 *
 *     type Db = CachedClient<PrismaClient>
 *
 * It is the type of the extended client itself. `Client` may have extensions of its own; one that is cached already stays
 * as it is.
 */
export type CachedClient<Client extends { readonly $extends: unknown }> = Client extends { readonly $cache: unknown }
  ? Client
  : Client extends {
        $extends: Types.Extensions.ExtendsHook<
          'extends',
          infer TypeMapOf extends Types.Extensions.TypeMapCbDef,
          infer Before extends Types.Extensions.InternalArgs,
          infer TypeMap
        >
      }
    ? ExtendedClient<TypeMapOf, Types.Extensions.MergeExtArgs<TypeMap, Before, ArgsOf<Extended<PrismaCacheControl>>>>
    : never

/**
 * What the callback of `prisma.$transaction(async (tx) => …)` is given. The cached client passes too, so this is the type
 * for functions that are called inside and outside transactions.
 */
export type CachedTransaction<Client extends { readonly $extends: unknown }> = Omit<
  CachedClient<Client>,
  ITXClientDenyList
>

/**
 * A cached client that also passes where a plain `PrismaClient` or `Prisma.TransactionClient` is wanted, and so does the
 * `tx` of its transactions:
 *
 *     export const prisma = new PrismaClient({ adapter }).$extends(cacheExtension) as DropInClient<PrismaClient>
 *
 * Each operation has two signatures, the cached one and Prisma's own. `$on` is there for TypeScript only: Prisma removes
 * it from every extended client.
 */
export type DropInClient<Client extends DroppedFor> = BothTypes<Client, '$transaction' | '$extends'> & {
  $transaction: BothTransactions<Client> & Client['$transaction']
  $extends: CachedClient<Client>['$extends'] & Client['$extends']
}

interface DroppedFor {
  readonly $extends: unknown
  readonly $transaction: unknown
}

type BothTypes<Client extends DroppedFor, Without extends PropertyKey> = Omit<CachedClient<Client>, Without> &
  Omit<Client, Without>

type BothTransactions<Client extends DroppedFor> = <R>(
  work: (
    tx: BothTypes<Client, ITXClientDenyList | '$transaction'> & Pick<DropInClient<Client>, '$transaction'>,
  ) => Promise<R>,
  options?: CachedClient<Client> extends { $transaction(work: never, options?: infer Options): unknown }
    ? Options
    : never,
) => Promise<R>

type ArgsOf<E extends { $extends: { extArgs: unknown } }> = E['$extends']['extArgs']

type ExtendedClient<
  TypeMapOf extends Types.Extensions.TypeMapCbDef,
  ExtArgs extends Types.Extensions.InternalArgs,
> = Types.Extensions.DynamicClientExtensionThis<Types.Utils.Call<TypeMapOf, { extArgs: ExtArgs }>, TypeMapOf, ExtArgs>
