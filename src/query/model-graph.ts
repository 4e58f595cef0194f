import type { Digest } from '../tags/keyed-digest.ts'
import { declarations, type FieldText, type ModelText, readSchemaText, type SchemaText } from './schema-text.ts'

/** What Prisma's clients carry at run time: `client._runtimeDataModel`. */
export interface RuntimeDataModel {
  readonly models: Readonly<Record<string, RuntimeModel>>
}
interface RuntimeModel {
  readonly dbName?: string | null
  /** `@@schema("…")` */
  readonly schema?: string | null
  readonly fields: readonly RuntimeField[]
}
interface RuntimeField {
  readonly name: string
  /** `@map("…")` */
  readonly dbName?: string | null
  readonly kind: string
  readonly type: string
  readonly relationName?: string
}

export interface Field {
  readonly name: string
  /** As the database calls it, where that is not `name`. */
  readonly column?: string
  readonly kind: 'scalar' | 'enum' | 'relation'
  /** `Int`, `String`, …; for a relation the name of the other model. */
  readonly type: string
  readonly relationName?: string
  /** `undefined` where the schema text is not known. */
  readonly isList?: boolean
  readonly nativeType?: string
  /** Most characters of `@db.VarChar(n)`. */
  readonly nativeSize?: number
  /** The database numbers rows by it: MySQL takes 0 and NULL for the next number. */
  readonly isAutoIncrement?: boolean
  /**
   * How the database compares values of this column, by its catalogue; `undefined` where that is not known. Under a
   * collation that is not deterministic, texts of different code points may be equal.
   */
  readonly collation?: Collation
  /** All values an enum can have, under any of their names. */
  readonly values?: readonly string[]
  /** Written by Prisma or by the database itself with every update. */
  readonly changesByItself?: boolean
  /** The database may keep another value than the one it is given: what a write says of it tells nothing. */
  readonly isRewritten?: boolean
  /** What a row that is created without it has, where that can be told. */
  readonly initial?: { readonly value: unknown }
  /** The columns of this model that hold the relation, when it is this side that holds them. */
  readonly foreignKey?: ForeignKey
}

export interface Collation {
  readonly name: string
  /** Only texts of the same code points are equal. */
  readonly isDeterministic: boolean
}

export interface UniqueKey {
  readonly name: string
  readonly fields: readonly Field[]
}

/** What the database does to the holder's rows when the referenced row goes, or its key changes. */
export type ReferentialAction = 'follow' | 'rewrite' | 'none'

export interface ForeignKey {
  readonly holder: string
  readonly target: string
  /** Empty where the schema text is not known: any column may be part of it. */
  readonly from: readonly string[]
  readonly references: readonly string[]
  /** `follow`: the row is deleted too (Cascade) · `rewrite`: its columns change (SetNull, SetDefault). */
  readonly onDelete: ReferentialAction
  readonly onUpdate: ReferentialAction
}

/** `any`: which cannot be told. */
export type ModelsWritten = ReadonlySet<string> | 'any'

export interface Model {
  readonly name: string
  readonly table: string
  /** Of the database, where the model names one. */
  readonly schema?: string
  readonly isView: boolean
  readonly fields: ReadonlyMap<string, Field>
  /** `undefined` where the schema text is not known: rows cannot be named then, only the model. */
  readonly uniques?: readonly UniqueKey[]
  /** Foreign keys of other models (or this one) that point here. */
  readonly referencedBy: readonly ForeignKey[]
  /**
   * Models of which any row may change when rows of this one are created, updated or deleted: by triggers and rules, or
   * because both show the same rows. @default none
   */
  readonly alsoWritten?: Readonly<Record<'created' | 'updated' | 'deleted', ModelsWritten>>
  /** `false`: a rollback undoes nothing here. @default true */
  readonly isTransactional?: boolean
}

export type GlobalOmit = Readonly<Record<string, Readonly<Record<string, boolean>> | undefined>>

/** What is omitted of a model where nothing is selected: by the client, and by the query, which wins. */
export function omitOf(
  globalOmit: GlobalOmit | undefined,
  { name }: Model,
  omit: unknown,
): Readonly<Record<string, unknown>> {
  return {
    ...globalOmit?.[name.charAt(0).toLowerCase() + name.slice(1)],
    ...(typeof omit === 'object' && omit !== null ? omit : {}),
  }
}

export interface ModelGraph {
  readonly provider: string
  readonly models: ReadonlyMap<string, Model>
  /** Says values in tags by a keyed digest, where they must not be guessed; `undefined`: as `columnText` spells them. */
  readonly conceal?: Digest | undefined
  /** What the client leaves out of every result, by model as its methods spell it. */
  readonly omit?: GlobalOmit | undefined
  /** All it was made from: two graphs with one source are of one schema, whatever the graph leaves out of it. */
  readonly source?: readonly unknown[]
  /**
   * What the database does by itself is not known: any write may change any row of any model. @default false: it does what
   * the models say
   */
  readonly isUnclear?: boolean
  /** No schema is known at all: any name may be a model, of which nothing else can be told. */
  readonly isOpen?: boolean
}

/** Where there is neither a client nor a schema. */
export const OPEN_GRAPH: ModelGraph = { provider: '', models: new Map(), isOpen: true }

/** A model of which only the name is known. */
export function bareModel(name: string): Model {
  return { name, table: name, isView: false, fields: new Map(), referencedBy: [] }
}

/**
 * The graph of models. `schemaText` supplies unique keys and referential actions; without it, or for a model it does
 * not explain, every relation is taken to cascade both ways and no row can be named, so that writes widen to models.
 */
export function modelGraph(dataModel: RuntimeDataModel, provider: string, schemaText: string | undefined): ModelGraph {
  const text = schemaText === undefined ? undefined : readSchemaText(schemaText)
  const models = new Map<string, Model & { readonly referencedBy: ForeignKey[] }>()
  for (const [name, runtime] of Object.entries(dataModel.models)) {
    const modelText = explains(text?.models.get(name), runtime)
    const fields = new Map(runtime.fields.map((field) => [field.name, readField(name, field, modelText, text)]))
    const uniques = modelText?.uniques.map((unique) => ({
      name: unique.name,
      fields: unique.fields.map((column) => fields.get(column)).filter((field) => field !== undefined),
    }))
    models.set(name, {
      name,
      table: runtime.dbName ?? name,
      ...(runtime.schema && { schema: runtime.schema }),
      isView: modelText?.isView ?? false,
      fields,
      ...(uniques && { uniques }),
      referencedBy: [],
    })
  }
  for (const model of models.values()) {
    for (const field of model.fields.values()) {
      if (field.foreignKey) models.get(field.foreignKey.target)?.referencedBy.push(field.foreignKey)
    }
  }
  return { provider, models, source: [dataModel.models, schemaText === undefined ? null : declarations(schemaText)] }
}

/** Whether this is `AND`, `OR` or `NOT`. To Prisma a field of that name hides them. */
export function isConnective(model: Model, key: string): boolean {
  return CONNECTIVES.has(key) && !model.fields.has(key)
}

/**
 * What a key of a relation's filter is: a quantifier, which stands between the relation's name and the conditions on the
 * other model, or a column of that model, for `{ author: { name } }` is short for `{ author: { is: { name } } }`.
 * `either`: the model has a column called like a quantifier, and Prisma decides by the whole filter.
 */
export function relationFilterKey(field: Field, target: Model, key: string): 'quantifier' | 'column' | 'either' {
  const ofLists = LIST_QUANTIFIERS.has(key)
  if (!ofLists && !SINGLE_QUANTIFIERS.has(key)) return 'column'
  if (field.isList === true && ofLists) return 'quantifier'
  if (field.isList === false && ofLists) return 'column'
  return target.fields.has(key) ? 'either' : 'quantifier'
}

const CONNECTIVES: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT'])
const SINGLE_QUANTIFIERS: ReadonlySet<string> = new Set(['is', 'isNot'])
const LIST_QUANTIFIERS: ReadonlySet<string> = new Set(['some', 'every', 'none'])

/** The field at the other end of a relation; `undefined` when it cannot be told. */
export function oppositeField(graph: ModelGraph, model: Model, field: Field): Field | undefined {
  const target = graph.models.get(field.type)
  if (!target) return undefined
  for (const other of target.fields.values()) {
    if (other.kind !== 'relation' || other.relationName !== field.relationName || other.type !== model.name) continue
    if (target !== model || other.name !== field.name) return other
  }
  return undefined
}

/** Every field of the run-time model must be in the text, else the text is of another schema and worth nothing. */
function explains(text: ModelText | undefined, runtime: RuntimeModel): ModelText | undefined {
  return text && runtime.fields.every((field) => text.fields.has(field.name)) ? text : undefined
}

function readField(model: string, field: RuntimeField, model_: ModelText | undefined, schema?: SchemaText): Field {
  const text = model_?.fields.get(field.name)
  const kind = field.kind === 'object' ? 'relation' : field.kind === 'enum' ? 'enum' : 'scalar'
  const foreignKey = kind === 'relation' ? readForeignKey(model, field, text, schema) : undefined
  const values = kind === 'enum' ? schema?.enums.get(field.type) : undefined
  const initial = kind !== 'relation' && text && !text.isList ? readInitial(text, kind) : undefined
  return {
    name: field.name,
    ...(field.dbName && { column: field.dbName }),
    kind,
    type: field.type,
    ...(field.relationName !== undefined && { relationName: field.relationName }),
    ...(text && { isList: text.isList }),
    ...(text?.nativeType && { nativeType: text.nativeType }),
    ...(text?.nativeSize && { nativeSize: text.nativeSize }),
    ...(text?.default?.startsWith('autoincrement') && { isAutoIncrement: true }),
    ...(foreignKey && { foreignKey }),
    ...(values && { values }),
    ...((text?.isUpdatedAt || isGenerated(field.name, text, model_)) && { changesByItself: true }),
    ...(initial && { initial }),
  }
}

/** `@default(dbgenerated())`, without an expression, is how a column computed from others looks in a schema. */
function isGenerated(name: string, text: FieldText | undefined, model: ModelText | undefined): boolean {
  const isKey = model?.uniques.some(({ fields }) => fields.includes(name))
  return !isKey && /^dbgenerated\(\s*\)$/.test(text?.default ?? '')
}

/** `undefined` for what is only known once the row is there: sequences, random ids, the time. */
function readInitial({ default: source, isRequired, isUpdatedAt }: FieldText, kind: Field['kind']): Field['initial'] {
  if (source === undefined) return isRequired || isUpdatedAt ? undefined : { value: null }
  if (source === 'true' || source === 'false') return { value: source === 'true' }
  if (/^-?\d{1,15}$/.test(source)) return { value: Number(source) }
  if (kind === 'enum') return /^\w+$/.test(source) ? { value: source } : undefined
  if (!/^"[^"\\]*"$/.test(source)) return undefined
  return { value: source.slice(1, -1) }
}

function readForeignKey(
  model: string,
  field: RuntimeField,
  text: FieldText | undefined,
  schema: SchemaText | undefined,
): ForeignKey | undefined {
  const ends = { holder: model, target: field.type }
  if (!text || !schema?.models.has(field.type)) {
    return { ...ends, from: [], references: [], onDelete: 'follow', onUpdate: 'follow' }
  }
  const { relation } = text
  if (!relation || relation.from.length === 0) return undefined
  return {
    ...ends,
    from: relation.from,
    references: relation.references,
    // Prisma's defaults where the schema does not say: an optional relation is set to null, a required one restricts.
    onDelete: action(relation.onDelete ?? (text.isRequired ? 'Restrict' : 'SetNull'), 'follow'),
    onUpdate: action(relation.onUpdate ?? 'Cascade', 'rewrite'),
  }
}

function action(name: string, cascade: ReferentialAction): ReferentialAction {
  if (name === 'Cascade') return cascade
  return name === 'SetNull' || name === 'SetDefault' ? 'rewrite' : 'none'
}

/** What a client calls a model: `orderItem`. */
export function delegateName(model: string): string {
  return model.replace(/^./, (first) => first.toLowerCase())
}
