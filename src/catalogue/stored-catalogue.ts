import * as v from 'valibot'
import type { Catalogue, TableFacts } from './catalogue.ts'

/**
 * The text of a catalogue in the store, so that a fleet asks the database once. It comes from outside: what is too long,
 * of another version or not as it should be is `undefined`, and the database is asked again.
 */
export function readStored(text: string): Catalogue | undefined {
  if (text.length > MAX_CHARACTERS) return undefined
  try {
    const result = v.safeParse(stored, JSON.parse(text))
    return result.success ? catalogue(result.output) : undefined
  } catch {
    return undefined
  }
}

/** `undefined`: too large to be shared. */
export function writeStored({ tables, readAt, showsTriggers }: Catalogue): string | undefined {
  const text = JSON.stringify({
    v: VERSION,
    readAt,
    showsTriggers,
    tables: [...tables].map(([name, { columns, writes, foreignKeys, isTransactional }]) => ({
      name,
      columns: [...columns].map(([column, facts]) => ({ column, ...facts })),
      writes: {
        created: listed(writes.created),
        updated: listed(writes.updated),
        deleted: listed(writes.deleted),
      },
      foreignKeys,
      isTransactional,
    })),
  })
  return text.length > MAX_CHARACTERS ? undefined : text
}

const VERSION = 1
const MAX_CHARACTERS = 1024 * 1024

const name = v.pipe(v.string(), v.maxLength(256))
const names = v.pipe(v.array(name), v.maxLength(10_000))
const tablesWritten = v.union([v.literal('any'), names])
const action = v.picklist(['cascade', 'set', 'none'])
const stored = v.strictObject({
  v: v.literal(VERSION),
  readAt: v.pipe(v.number(), v.finite()),
  showsTriggers: v.boolean(),
  tables: v.array(
    v.strictObject({
      name,
      columns: v.array(
        v.strictObject({
          column: name,
          changesByItself: v.optional(v.boolean()),
          isRewritten: v.optional(v.boolean()),
          hasDefault: v.optional(v.boolean()),
          isAutoIncrement: v.optional(v.boolean()),
          collation: v.optional(v.strictObject({ name, isDeterministic: v.boolean() })),
        }),
      ),
      writes: v.strictObject({ created: tablesWritten, updated: tablesWritten, deleted: tablesWritten }),
      foreignKeys: v.array(
        v.strictObject({
          table: v.optional(name),
          columns: names,
          target: name,
          references: names,
          onDelete: action,
          onUpdate: action,
        }),
      ),
      isTransactional: v.boolean(),
    }),
  ),
})

function catalogue({ tables, readAt, showsTriggers }: v.InferOutput<typeof stored>): Catalogue {
  const all = tables.map(({ name: table, columns, writes, ...others }): readonly [string, TableFacts] => [
    table,
    {
      ...others,
      columns: new Map(columns.map(({ column, ...facts }) => [column, facts])),
      writes: { created: written(writes.created), updated: written(writes.updated), deleted: written(writes.deleted) },
    },
  ])
  return { readAt, showsTriggers, tables: new Map(all) }
}

function listed(tables: TableFacts['writes']['created']): readonly string[] | 'any' {
  return tables === 'any' ? tables : [...tables].sort()
}

function written(tables: readonly string[] | 'any'): ReadonlySet<string> | 'any' {
  return tables === 'any' ? tables : new Set(tables)
}
