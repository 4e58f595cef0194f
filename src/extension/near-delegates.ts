import { delegateName, type ModelGraph } from '../query/model-graph.ts'
import type { AnyClient } from './client.ts'
import { READS } from './operations.ts'

/** What a read is answered with in front of Prisma; `undefined`: ask the client. */
export type AnswerAhead = (
  model: string,
  operation: string,
  args: Record<string, unknown> | undefined,
) => Answer | Ask | Below | Promise<Answer | Ask> | undefined

/** The cache has nothing to do with it: the client below is asked with these arguments, as if there were no cache. */
interface Below {
  readonly below: Record<string, unknown> | undefined
}

/** Every call is counted, see `MergedReads`. */
type SendBelow = (model: string, operation: string, query: () => PromiseLike<unknown>) => PromiseLike<unknown>

interface Answer {
  readonly value: unknown
}

/** The client must be asked after all, with these arguments. */
interface Ask {
  readonly args: Record<string, unknown>
}

interface Delegate {
  readonly [operation: string]: (args?: unknown) => PrismaPromise
}

/** What a method of a delegate returns: nothing is done before somebody waits for it. */
interface PrismaPromise extends PromiseLike<unknown> {
  readonly spec?: unknown
  catch(failed?: (error: unknown) => unknown): Promise<unknown>
  finally(done?: () => void): Promise<unknown>
  requestTransaction?(transaction: unknown): unknown
  readonly [relation: string]: unknown
}

/** Those that the fluent API goes on from. */
const FLUENT: ReadonlySet<string> = new Set(['findUnique', 'findUniqueOrThrow', 'findFirst', 'findFirstOrThrow'])

/**
 * The client, but reads that the cache can answer are answered in front of Prisma's own way through extensions: that
 * costs several microseconds a call and one more for each row, cached or not.
 *
 * Only where nobody could tell: hits take the same decisions as in the query hook (`answer`), and everything else is
 * handed to the client's own method, with the arguments as they were given. Clients made from this one, in transactions
 * or by another extension, are made from the one below, and go the long way. What stands between a delegate and the
 * query hook must be Prisma's alone: an operation with a query hook of another extension is left alone, for its conditions
 * (a tenant, say) are in the key only behind it; so are models with its methods or computed fields. So are clients whose
 * errors show the caller's line, as in development: the method must be called where the caller called it.
 * What is not there of a hit is the span Prisma traces for an operation.
 */
export function nearDelegates(
  extended: AnyClient,
  below: AnyClient,
  graph: ModelGraph,
  { ahead, send }: { readonly ahead: AnswerAhead; readonly send: SendBelow },
): AnyClient {
  const { _extensions: extensions } = below
  if (
    below._errorFormat !== 'minimal' ||
    !extensions?.getAllModelExtensions ||
    !extensions.getAllComputedFields ||
    !extensions.getAllQueryCallbacks
  ) {
    return extended
  }
  for (const model of graph.models.keys()) {
    // A computed field of one model is seen through the relations of others.
    if (extensions.getAllComputedFields(model)) return extended
  }
  const delegates = new Map<string, unknown>()
  const ownMembers = extensions.getAllClientExtensions?.() ?? {}
  for (const model of graph.models.keys()) {
    if (extensions.getAllModelExtensions(model)) continue
    const name = delegateName(model)
    // What another extension put in the place of the model is none of Prisma's.
    if (name in ownMembers || model in ownMembers) continue
    const own = (extended as unknown as Record<string, Delegate | undefined>)[name]
    if (!own) continue
    const isBare = (operation: string) => extensions.getAllQueryCallbacks?.(name, operation).length === 0
    const plain = (below as unknown as Record<string, Delegate>)[name]
    const call = {
      ahead: (operation: string, args: unknown) => ahead(model, operation, args as Record<string, unknown> | undefined),
      below: (operation: string, args: unknown) =>
        send(model, operation, () => plain?.[operation]?.(args) as PrismaPromise) as Waited,
    }
    const near = nearDelegate(own, model, [...READS].filter(isBare), graph, call)
    delegates.set(name, near).set(model, near)
  }
  return over(extended, delegates)
}

interface Members {
  get(name: string): unknown
  /** Somebody put something else in its place, a spy say: that counts from now on. */
  delete(name: string): void
}

/** The object with other members. */
export function over<T extends object>(object: T, members: Members): T {
  const replaced = (name: string | symbol) => members.delete(String(name))
  return new Proxy(object, {
    get: (own, name) => (typeof name === 'string' ? members.get(name) : undefined) ?? Reflect.get(own, name, own),
    set(own, name, value) {
      replaced(name)
      return Reflect.set(own, name, value, own)
    },
    defineProperty(own, name, descriptor) {
      replaced(name)
      return Reflect.defineProperty(own, name, descriptor)
    },
  })
}

function nearDelegate(
  own: Delegate,
  model: string,
  operations: readonly string[],
  graph: ModelGraph,
  {
    ahead,
    below,
  }: {
    readonly ahead: (operation: string, args: unknown) => ReturnType<AnswerAhead>
    readonly below: (operation: string, args: unknown) => Waited
  },
): object {
  const fields = graph.models.get(model)?.fields.values() ?? []
  const relations = new Set([...fields].filter(({ kind }) => kind === 'relation').map(({ name }) => name))
  const methods = new Map<string, (args?: unknown) => PrismaPromise>()
  for (const operation of operations) {
    if (typeof own[operation] !== 'function') continue
    methods.set(operation, (args) => {
      const promise = lazily(
        (instead = args) => own[operation]?.(instead) as PrismaPromise,
        () => ahead(operation, args),
        (given) => below(operation, given),
      )
      return FLUENT.has(operation) ? withRelations(promise, relations) : promise.near
    })
  }
  return over(own, methods)
}

interface Lazily {
  readonly near: PrismaPromise
  readonly own: () => PrismaPromise
}

type Waited = PromiseLike<unknown> & Pick<PrismaPromise, 'catch' | 'finally'>

/** Asks `answer` once, when it is first waited for, unless the client's own promise was needed before. */
function lazily(
  make: (args?: unknown) => PrismaPromise,
  answer: () => ReturnType<AnswerAhead>,
  below: (args: unknown) => Waited,
): Lazily {
  let promise: PrismaPromise | undefined
  let answered: Waited | undefined
  const own = () => (promise ??= make())
  const waited = (): Waited => {
    if (answered) return answered
    const found = promise ? undefined : answer()
    if (!found) return own()
    if ('below' in found) return (answered = below(found.below))
    if ('args' in found) return (promise = make(found.args))
    answered =
      'value' in found
        ? Promise.resolve(found.value)
        : found.then((ahead) => ('value' in ahead ? ahead.value : make(ahead.args)))
    return answered
  }
  const near = {
    get spec() {
      return own().spec
    },
    // biome-ignore lint/suspicious/noThenProperty: it is a promise
    then: ((done, failed) => waited().then(done, failed)) as PrismaPromise['then'],
    catch: (failed?: (error: unknown) => unknown) => waited().catch(failed),
    finally: (done?: () => void) => waited().finally(done),
    requestTransaction: (transaction: unknown) => own().requestTransaction?.(transaction),
    [Symbol.toStringTag]: 'PrismaPromise',
  }
  return { near, own }
}

/** `findUnique(…).posts()`. */
function withRelations({ near, own }: Lazily, relations: ReadonlySet<string>): PrismaPromise {
  return new Proxy(near, {
    get: (promise, name) =>
      typeof name === 'string' && relations.has(name) ? own()[name] : Reflect.get(promise, name, promise),
    has: (promise, name) => (typeof name === 'string' && relations.has(name)) || Reflect.has(promise, name),
    ownKeys: () => Reflect.ownKeys(own()),
    getOwnPropertyDescriptor: (_, name) => {
      const descriptor = Reflect.getOwnPropertyDescriptor(own(), name)
      return descriptor && { ...descriptor, configurable: true }
    },
  })
}
