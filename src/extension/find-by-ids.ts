import { CacheConfigError, show } from '../errors.ts'
import type { Model, ModelGraph } from '../query/model-graph.ts'

/** What the helper is given at run time; `FindManyByIds` says it to TypeScript. */
interface Delegate {
  readonly $name?: unknown
  readonly findUnique?: (args: Record<string, unknown>) => PromiseLike<unknown>
}

/**
 * How many are asked for at a time. Prisma hands a batch to its query compiler whole, and everything else of the process
 * waits meanwhile; more at a time make neither fewer statements nor fewer round trips that would be noticed.
 */
const CHUNK = 1000

/**
 * As many `findUnique` as there are ids, begun in one tick: the cache looks them up together, Prisma asks the database
 * for the missing ones together, and they are stored together. So the entries are those of `findUnique`, and are found by
 * it; a write to one of the rows drops one of them.
 *
 * @throws CacheConfigError for what is no delegate of a model, or no unique key of it.
 */
export async function findManyByIds(
  graph: ModelGraph,
  delegate: unknown,
  ids: readonly unknown[],
  { by, ...args }: Record<string, unknown> = {},
): Promise<unknown[]> {
  const { $name: name, findUnique } = (delegate ?? {}) as Delegate
  const model = typeof name === 'string' ? graph.models.get(name) : undefined
  if (!model || typeof findUnique !== 'function') {
    const problem = `expected a model of the client, got ${show(delegate)}`
    throw new CacheConfigError('findManyByIds', problem, 'Give `prisma.user`, say, or `tx.user` in a transaction.')
  }
  if (!Array.isArray(ids)) {
    throw new CacheConfigError('findManyByIds', `expected a list of ids, got ${show(ids)}`, 'Give an array.')
  }
  if ('where' in args) {
    const fix = 'Name the unique key by `by` and give its values as ids; for other conditions use `findMany`.'
    throw new CacheConfigError('findManyByIds.where', 'it would say twice which rows are wanted', fix)
  }
  const key = keyOf(model, by)
  const find = (id: unknown) => findUnique.call(delegate, { ...args, where: { [key]: id } })
  const rows: unknown[] = []
  for (let from = 0; from < ids.length; from += CHUNK) {
    rows.push(...(await Promise.all(ids.slice(from, from + CHUNK).map(find))))
  }
  return rows
}

function keyOf({ name, uniques }: Model, by: unknown): string {
  const key = by ?? 'id'
  const names = uniques?.map((unique) => unique.name)
  if (typeof key === 'string' && (names?.includes(key) ?? true)) return key
  const those = names?.length ? `one of ${names.map((unique) => `\`${unique}\``).join(', ')}` : 'a unique key'
  const problem = by === undefined ? `${name} has no unique \`id\`` : `${show(by)} is no unique key of ${name}`
  throw new CacheConfigError('findManyByIds.by', problem, `Give ${those}.`)
}
