import { isPlainObject } from './canonical-text.ts'
import type { Model } from './model-graph.ts'

type Args = Readonly<Record<string, unknown>>

/** A write that shows more columns of its rows than it was asked for. */
export interface Shown {
  readonly args: Args
  /** Takes them out of its result, which nobody else has seen yet. */
  readonly hide: (result: unknown) => void
}

/**
 * Makes a write show the columns from which its tags are told, where `select` leaves them out. `undefined` when it shows
 * them anyway, or when its arguments are better left alone: what Prisma refuses must be refused as it stands, and what a
 * computed field of another extension needs must not be taken out of the result. (`omit` is left alone for the same
 * reason: whether a computed field needs what it leaves out cannot be seen from here.)
 */
export function showing(
  model: Model,
  operation: string,
  args: Args,
  wanted: () => Iterable<string>,
): Shown | undefined {
  const { select } = args
  if (!SHOWS_ROWS.has(operation) || !isPlainObject(select)) return undefined
  if (!Object.keys(select).every((name) => name === '_count' || model.fields.has(name))) return undefined
  // An empty selection is an error.
  if (!Object.values(select).some((value) => value !== undefined && value !== false)) return undefined
  const missing = [...new Set(wanted())].filter((name) => select[name] !== true)
  if (missing.length === 0) return undefined
  return {
    args: { ...args, select: { ...select, ...Object.fromEntries(missing.map((name) => [name, true])) } },
    hide(result) {
      for (const row of Array.isArray(result) ? result : [result]) {
        if (isPlainObject(row)) for (const name of missing) delete row[name]
      }
    },
  }
}

const SHOWS_ROWS: ReadonlySet<string> = new Set(
  'create update upsert delete createManyAndReturn updateManyAndReturn'.split(' '),
)
