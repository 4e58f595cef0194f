import { AsyncScope } from '../async-scope.ts'
import type { RawOptions } from '../control/cache-control.ts'
import { known, type Policies } from '../policy/resolve-policy.ts'
import type { Ttl } from '../policy/ttl.ts'
import { assertRawOptions } from '../policy/validate-options.ts'
import type { Model, ModelGraph } from '../query/model-graph.ts'
import { mayEndTransaction, type StatementScan, scanStatement } from '../query/sql-tables.ts'
import { wholeModelsWriteSet, withReferring } from '../query/write-set.ts'
import { type Tag, userTag } from '../tags/tag.ts'
import { RAW_WRITES } from './operations.ts'

/** What a raw statement is to the cache. */
export type RawStatement =
  | { readonly kind: 'write'; readonly tags: ReadonlySet<Tag> }
  | {
      readonly kind: 'read'
      readonly reads: readonly string[]
      /** Models whose tables it names. */
      readonly names: readonly string[]
      readonly ttl?: Ttl
      readonly tags?: readonly string[]
    }
  /** A query whose models were not declared. */
  | { readonly kind: 'undeclared' }

export class RawStatements {
  readonly #graph: ModelGraph
  readonly #policies: Policies
  readonly #declared = new AsyncScope<RawOptions>()

  constructor(graph: ModelGraph, policies: Policies) {
    this.#graph = graph
    this.#policies = policies
  }

  /**
   * `prisma.$cache.raw`: the statement is a lazy promise, sent when somebody waits for it, or when a batch transaction
   * asks; both are made to happen inside a scope that carries the declaration to our hook.
   */
  declare = <P extends PromiseLike<unknown>>(options: RawOptions, statement: P): P => {
    assertRawOptions(options)
    for (const name of options.reads ?? []) known(this.#graph, 'raw.reads', name)
    for (const name of options.writes ?? []) known(this.#graph, 'raw.writes', name)
    const declared = this.#declared
    return new Proxy(statement, {
      get(target, property) {
        const member: unknown = Reflect.get(target, property, target)
        if (typeof member !== 'function') return member
        if (property === 'requestTransaction') {
          return (...args: unknown[]) =>
            declared.run(options, () => Reflect.apply(member, target, args) as PromiseLike<unknown>)
        }
        // What the caller does with the result must not run inside the scope: the declaration is for this statement.
        const send = () =>
          declared.run(options, () => new Promise<unknown>((resolve, reject) => target.then(resolve, reject)))
        if (property === 'then') return (...then: Parameters<Promise<unknown>['then']>) => send().then(...then)
        if (property === 'catch') return (...handler: Parameters<Promise<unknown>['catch']>) => send().catch(...handler)
        if (property === 'finally') return (after?: () => void) => send().finally(after)
        return member.bind(target)
      },
    })
  }

  read(operation: string, args: unknown): RawStatement {
    const sql = textOf(args)
    const declared = this.#declared.current() ?? this.#rule(sql)
    const invalidated = (declared?.invalidate ?? []).map(userTag)
    if (declared?.writes) {
      const models = declared.writes.map((name) => known(this.#graph, 'raw.writes', name))
      return { kind: 'write', tags: new Set([...this.#tags(models), ...invalidated]) }
    }
    const scan = scanStatement(this.#graph, sql)
    if (RAW_WRITES.has(operation) || scan.writes) {
      return { kind: 'write', tags: new Set([...this.#tags(this.#touched(scan)), ...invalidated]) }
    }
    if (invalidated.length > 0) return { kind: 'write', tags: new Set(invalidated) }
    if (!declared?.reads || declared.ttl === 0) return { kind: 'undeclared' }
    const { reads, ttl, tags } = declared
    const names = [...(scan.models ?? [])].map(({ name }) => name)
    return { kind: 'read', reads, names, ...(ttl !== undefined && { ttl }), ...(tags && { tags }) }
  }

  /** Whether a transaction may have ended with it. */
  mayEndTransaction(args: unknown): boolean {
    return mayEndTransaction(textOf(args))
  }

  #touched({ models, truncates }: StatementScan): Iterable<Model> {
    if (!models) return this.#graph.models.values()
    return truncates ? withReferring(this.#graph, models) : models
  }

  #tags(models: Iterable<Model>): Set<Tag> {
    return wholeModelsWriteSet(this.#graph, models)
  }

  #rule(sql: string): RawOptions | undefined {
    const rule = this.#policies.rawRules.find(({ match }) =>
      typeof match === 'string'
        ? sql.includes(match)
        : new RegExp(match.source, match.flags.replace(/[gy]/g, '')).test(sql),
    )
    return rule && { ...rule, ttl: rule.ttl ?? 0 }
  }
}

/** `$queryRaw` and TypedSQL carry their text, the `…Unsafe` forms have it first in a list. */
function textOf(args: unknown): string {
  const text: unknown = Array.isArray(args) ? args[0] : (args as { sql?: unknown } | undefined)?.sql
  return typeof text === 'string' ? text : ''
}
