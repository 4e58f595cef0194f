import type { RuntimeDataModel } from '../query/model-graph.ts'

/** What we use of a Prisma client at run time; the underscored members are private to Prisma (see `test/prisma-canary`). */
export interface AnyClient {
  $extends(extension: unknown): AnyClient
  $transaction(input: unknown, options?: unknown): Promise<unknown>
  $disconnect(): Promise<void>
  $queryRawUnsafe(sql: string): PromiseLike<unknown>
  readonly _runtimeDataModel?: RuntimeDataModel
  readonly _engineConfig?: {
    readonly inlineSchema?: string
    readonly activeProvider?: string
    readonly adapter?: object
    readonly transactionOptions?: { readonly maxWait?: number; readonly timeout?: number }
  }
  readonly _globalOmit?: Readonly<Record<string, Readonly<Record<string, boolean>> | undefined>>
  readonly _originalClient?: AnyClient
  readonly _errorFormat?: string
  /** What extensions applied so far add. */
  readonly _extensions?: {
    getAllClientExtensions?(): object | undefined
    getAllModelExtensions?(model: string): object | undefined
    getAllComputedFields?(model: string): object | undefined
    /** `model` as the client calls it, `post`. */
    getAllQueryCallbacks?(model: string, operation: string): readonly unknown[]
  }
}
