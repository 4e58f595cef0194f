import type { RowChange } from '../query/row-change.ts'

/**
 * What the database does by itself to the tables of a schema, as far as its own catalogue tells. Tables and columns by
 * the names the database knows them by.
 */
export interface Catalogue {
  readonly tables: ReadonlyMap<string, TableFacts>
  /**
   * Epoch milliseconds when the database was asked. A migration that comes later is not known: hence the age bound of
   * whoever keeps this.
   */
  readonly readAt: number
  /** `false`: there may be triggers that this user is not shown. */
  readonly showsTriggers: boolean
}

export interface TableFacts {
  /** Columns of which there is more to say than the schema does. */
  readonly columns: ReadonlyMap<string, ColumnFacts>
  /** Tables that change besides, when rows of this one are written. */
  readonly writes: Readonly<Record<RowChange['kind'], TablesWritten>>
  /** Foreign keys of this table that do something to its rows. */
  readonly foreignKeys: readonly ForeignKeyFacts[]
  /** `false`: what is written stays written when its transaction is rolled back. */
  readonly isTransactional: boolean
}

/** `any`: what is written cannot be told. */
export type TablesWritten = ReadonlySet<string> | 'any'

export interface ColumnFacts {
  /** Computed by the database, or written by it, with any update of the row. */
  readonly changesByItself?: boolean | undefined
  /** The database may keep another value than the one it is given. */
  readonly isRewritten?: boolean | undefined
  /** A row that is created without it may have another value than NULL. */
  readonly hasDefault?: boolean | undefined
  /** The database numbers rows by it. */
  readonly isAutoIncrement?: boolean | undefined
  /** Of a text: how the database compares it. */
  readonly collation?: { readonly name: string; readonly isDeterministic: boolean } | undefined
}

export interface ForeignKeyFacts {
  readonly columns: readonly string[]
  readonly target: string
  readonly references: readonly string[]
  readonly onDelete: Action
  readonly onUpdate: Action
}

export type Action = 'cascade' | 'set' | 'none'

/** A row of what a catalogue statement returns; NULL is `''`. What a column says is told by `what`. */
export type CatalogueRow = Readonly<Record<'what' | 'relation' | 'name' | 'a' | 'b' | 'c', string>>

/** How the catalogue of one kind of database is asked, and what its rows mean. */
export interface CatalogueDialect {
  /** One round trip each, side by side. */
  readonly statements: (asked: AskedTables) => readonly string[]
  readonly found: (rows: readonly CatalogueRow[]) => Found
}

/** What the schema has: only of these tables the columns matter. */
export interface AskedTables {
  readonly tables: readonly string[]
  /** Those of them that hold nothing but the links of two models. */
  readonly joinTables: ReadonlySet<string>
  /** Schemas that models name, beside the one of the connection. */
  readonly schemas: readonly string[]
}

/** What the catalogue says, before it is worked out what follows from it. */
export interface Found {
  readonly tables: ReadonlyMap<string, FoundTable>
  readonly triggers: readonly FoundTrigger[]
  /** Views, by name; `undefined`: what it shows is not to be seen. */
  readonly views: ReadonlyMap<string, string | undefined>
  /** Bodies of functions and procedures; `undefined`: not to be seen, or in a language that cannot be read. */
  readonly routines: ReadonlyMap<string, string | undefined>
  /** Partitions and tables that inherit, with the table they belong to. */
  readonly parents: readonly { readonly child: string; readonly parent: string }[]
  readonly foreignKeys: readonly (ForeignKeyFacts & { readonly table: string })[]
  /** `false`: there may be triggers that this user is not shown. */
  readonly showsTriggers: boolean
}

export interface FoundTable {
  readonly columns: ReadonlyMap<string, ColumnFacts>
  readonly isTransactional: boolean
  /** A row that is written may push others out. */
  readonly replaces: boolean
}

export interface FoundTrigger {
  readonly table: string
  readonly kinds: readonly RowChange['kind'][]
  /** What it does; `undefined`: not to be seen. */
  readonly body: string | undefined
  /** Whether it may change the row that is being written, before it is. */
  readonly changesRow: boolean
}
