import type { Prisma } from '@prisma/client/extension'
import type { Types } from '@prisma/client/runtime/client'
import type { ModelCachePolicy, ReadCacheOptions, WriteCacheOptions } from '../policy/options.ts'

/**
 * What a cached client looks like to TypeScript. Nothing in this file exists at run time: there, the extension only
 * has query hooks, which take `cache` out of the arguments before Prisma sees them. A model method that did exist would
 * hide the hooks and computed fields of every extension applied later.
 */

/** The argument every read of a model takes besides Prisma's own. */
export interface ReadArgs {
  /**
   * `true`: cached, by the configured policy; `false`: straight to the database, nothing is stored.
   * @default cached where the configuration has a `ttl` for the model
   */
  readonly cache?: boolean | ReadCacheOptions | undefined
}

/** The argument every write to a model takes besides Prisma's own. */
export interface WriteArgs {
  /** @default the write invalidates what it changed, and no tags besides */
  readonly cache?: WriteCacheOptions | undefined
}

/** The operations of every model, each with its own `cache` argument and Prisma's own result. */
export interface CachedModel {
  findUnique: Operation<'findUnique', ReadArgs>
  findUniqueOrThrow: Operation<'findUniqueOrThrow', ReadArgs>
  findFirst: OperationWithDefaults<'findFirst', ReadArgs>
  findFirstOrThrow: OperationWithDefaults<'findFirstOrThrow', ReadArgs>
  findMany: OperationWithDefaults<'findMany', ReadArgs>
  count: OperationWithDefaults<'count', ReadArgs>
  aggregate: Operation<'aggregate', ReadArgs>
  groupBy: Operation<'groupBy', ReadArgs>
  create: Operation<'create', WriteArgs>
  createMany: OperationWithDefaults<'createMany', WriteArgs>
  createManyAndReturn: OperationWithDefaults<'createManyAndReturn', WriteArgs, Offering<'createManyAndReturn'>>
  update: Operation<'update', WriteArgs>
  updateMany: Operation<'updateMany', WriteArgs>
  updateManyAndReturn: Operation<'updateManyAndReturn', WriteArgs, Offering<'updateManyAndReturn'>>
  upsert: Operation<'upsert', WriteArgs>
  delete: Operation<'delete', WriteArgs>
  deleteMany: OperationWithDefaults<'deleteMany', WriteArgs>
}

/**
 * One of them, wrapped as Prisma keeps the members of an extension. A declaration file that names an extended client
 * names this once for each operation of each model, so it must be exported by the package, and short.
 */
export type CachedMethod<O extends keyof CachedModel> = () => CachedModel[O]

/** What an extension adds to each model and to the client, in the form Prisma's `$extends` infers it from. */
export interface ExtendedBy<Model, Client> {
  $extends: { extArgs: { result: {}; model: { $allModels: Model }; query: {}; client: Client } }
}

export type Extended<Control> = ExtendedBy<{ [O in keyof CachedModel]: CachedMethod<O> }, { $cache: () => Control }>

/** What every Prisma client has, before and after other extensions. */
export interface ExtensibleClient {
  $extends: unknown
  $transaction: unknown
}

/**
 * An extension and a factory of one: `$extends(cacheExtension)` and `$extends(cacheExtension({ ... }))`. `Control` is
 * what `prisma.$cache` is. Names of models that are written in the options must be those of the client.
 *
 * The client's signature must stay the last one: it is the one TypeScript infers `$extends` from, and with the other
 * order the extended client loses every type of ours.
 */
export interface CacheExtension<Options extends { readonly models?: unknown }, Control> {
  <Model extends string>(
    options?: Options & { readonly models?: { readonly [Name in Model]: ModelCachePolicy | false } | undefined },
  ): (client: ExtensibleClient & ClientWith<Model>) => Extended<Control>
  (client: ExtensibleClient): Extended<Control>
}

/** A client that has these models; any client where the names are not known before run time. */
type ClientWith<Model extends string> = string extends Model
  ? unknown
  : { [Name in Model as Uncapitalize<Name>]: { [K: symbol]: { types: { payload: { name: Name } } } } }

/**
 * `prisma.$cache.findManyByIds(prisma.user, [1, 2])`. The ids are of the type that `where: { id }` takes, or
 * `where: { [by]: … }`.
 */
export interface FindManyByIds {
  <T extends HasRows, A = ByIdArgs<T>>(
    model: T,
    ids: readonly KeyOf<T, 'id'>[],
    args?: Prisma.Exact<A, ByIdArgs<T>> & { readonly by?: undefined },
  ): Promise<Awaited<ResultOf<T, A, 'findUnique'>>[]>
  <T extends HasRows, By extends keyof Prisma.Args<T, 'findUnique'>['where'], A = ByIdArgs<T>>(
    model: T,
    ids: readonly KeyOf<T, By>[],
    args: Prisma.Exact<A, ByIdArgs<T>> & { readonly by: By },
  ): Promise<Awaited<ResultOf<T, A, 'findUnique'>>[]>
}

/** A model of a client, also of one in a transaction. */
interface HasRows {
  readonly findUnique: unknown
}

type ByIdArgs<T> = Omit<Prisma.Args<T, 'findUnique'>, 'where'> & ReadArgs & { readonly by?: unknown }
type KeyOf<T, By> = By extends keyof Prisma.Args<T, 'findUnique'>['where']
  ? NonNullable<Prisma.Args<T, 'findUnique'>['where'][By]>
  : never

/**
 * `A` is left unconstrained, for a constraint that depends on `T` widens the `true` of `select: { id: true }` to
 * `boolean`, and with it the result. Its default is what editors complete from and what a call without arguments gets.
 */
type Operation<O extends PrismaOperation, Extra, Model = unknown> = <T extends Model, A = Prisma.Args<T, O> & Extra>(
  this: T,
  args: Prisma.Exact<A, Prisma.Args<T, O> & Extra>,
) => ResultOf<T, A, O>

/** An operation that may be called without arguments. */
type OperationWithDefaults<O extends PrismaOperation, Extra, Model = unknown> = <
  T extends Model,
  A = Prisma.Args<T, O> & Extra,
>(
  this: T,
  args?: Prisma.Exact<A, Prisma.Args<T, O> & Extra>,
) => ResultOf<T, A, O>

/** A model that has the operation; not every database can return the rows it wrote. */
type Offering<O extends PrismaOperation> = { [K: symbol]: { types: { operations: { [_ in O]: unknown } } } }

/**
 * Prisma's own result, from the client's own type map where it can be told: only that knows the global `omit`.
 *
 * The inference goes through the alias, so `DynamicModelExtensionThis` must be named here and not behind an alias of
 * ours, and it misses where the client brought a copy of Prisma's types: `prisma-client-js` with an `output`.
 */
export type ResultOf<T, A, O extends PrismaOperation> =
  T extends Types.Extensions.DynamicModelExtensionThis<infer TypeMap, infer Model extends PropertyKey, infer _>
    ? string extends keyof TypeMap
      ? DerivedResult<T, A, O>
      : Types.Extensions.DynamicModelExtensionFnResult<TypeMap, Model, A, O, NullOf<O>>
    : DerivedResult<T, A, O>

/** The same from what the model says of itself: all but the global `omit`. */
type DerivedResult<T, A, O extends PrismaOperation> = Prisma.PrismaPromise<Prisma.Result<T, A, O> | NullOf<O>> &
  (O extends FluentOperation ? Fluent<Prisma.Payload<T>, Prisma.Args<T, O>, NullOf<O>> : unknown)

/** `findUnique(...).posts()`: one method for each relation, and on from there while the relation is to one row. */
type Fluent<P extends Payload, Args, Null> = {
  [R in keyof P['objects']]: <A>(
    args?: Prisma.Exact<A, RelationArgs<Args, R>>,
  ) => Prisma.PrismaPromise<Types.Result.GetResult<P, { select: { [_ in R]: A } }>[R] | Null> &
    (NonNullable<P['objects'][R]> extends infer Next extends Payload
      ? Fluent<Next, RelationArgs<Args, R>, Null | Extract<P['objects'][R], null>>
      : unknown)
}

type RelationArgs<Args, R> = Args extends { select?: infer Select }
  ? R extends keyof NonNullable<Select>
    ? Exclude<NonNullable<Select>[R], boolean | null | undefined>
    : never
  : never

type PrismaOperation = Types.Public.Operation
type FluentOperation = `find${'Unique' | 'First'}${'' | 'OrThrow'}` | 'create' | 'update' | 'upsert' | 'delete'
type NullOf<O extends PrismaOperation> = O extends 'findUnique' | 'findFirst' ? null : never

interface Payload {
  name: string
  scalars: { [field: string]: unknown }
  objects: { [relation: string]: unknown }
  composites: { [field: string]: unknown }
}
