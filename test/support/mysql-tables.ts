import { get_dmmf as dmmf } from '@prisma/prisma-schema-wasm'

interface Field {
  readonly name: string
  readonly dbName?: string | null
  readonly kind: 'scalar' | 'enum' | 'object' | 'unsupported'
  readonly type: string
  readonly isList: boolean
  readonly isRequired: boolean
  readonly nativeType: readonly [name: string, args: readonly string[]] | null
  readonly default?: Default | readonly Default[]
  readonly relationName?: string
  readonly relationFromFields?: readonly string[]
  readonly relationToFields?: readonly string[]
  readonly relationOnDelete?: string
  readonly relationOnUpdate?: string
}

type Default = string | number | boolean | { readonly name: string; readonly args: readonly unknown[] }

interface Model {
  readonly name: string
  readonly dbName: string | null
  readonly fields: readonly Field[]
}

interface Datamodel {
  readonly models: readonly Model[]
  readonly enums: readonly {
    readonly name: string
    readonly values: readonly { readonly name: string; readonly dbName: string | null }[]
  }[]
  readonly indexes: readonly {
    readonly model: string
    readonly type: 'id' | 'unique' | 'normal' | 'fulltext'
    readonly fields: readonly { readonly name: string }[]
  }[]
}

/**
 * The tables of a schema for MySQL, as `prisma db push` makes them: the WebAssembly build of Prisma's schema engine
 * knows PostgreSQL and SQLite alone.
 */
export function mysqlTables(files: readonly (readonly [name: string, content: string])[]): string {
  const { datamodel } = JSON.parse(dmmf(JSON.stringify({ prismaSchema: files, noColor: true }))) as {
    datamodel: Datamodel
  }
  const { models } = datamodel
  const references = models.flatMap((model) => model.fields.flatMap((field) => foreignKey(datamodel, model, field)))
  return [
    ...models.map((model) => table(datamodel, model)),
    ...references,
    ...models.flatMap((model) => joinTables(datamodel, model)),
  ].join(';\n')
}

const name = (it: { readonly name: string; readonly dbName?: string | null }) => `\`${it.dbName ?? it.name}\``

function columns(model: Model, names: readonly string[]): string {
  return names.map((one) => name(model.fields.find((field) => field.name === one)!)).join(', ')
}

function table(datamodel: Datamodel, model: Model): string {
  const lines = model.fields
    .filter(({ kind }) => kind === 'scalar' || kind === 'enum')
    .map((field) => `${name(field)} ${columnType(datamodel, field)}${nullability(field)}${initial(datamodel, field)}`)
  const kinds = { id: 'PRIMARY KEY', unique: 'UNIQUE INDEX', normal: 'INDEX', fulltext: 'FULLTEXT INDEX' }
  const indexes = datamodel.indexes
    .filter((index) => index.model === model.name)
    .map(
      ({ type, fields }) =>
        `${kinds[type]} (${columns(
          model,
          fields.map((field) => field.name),
        )})`,
    )
  return `CREATE TABLE ${name(model)} (${[...lines, ...indexes].join(', ')}) DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`
}

const TYPES: Readonly<Record<string, string>> = {
  String: 'VARCHAR(191)',
  Boolean: 'BOOLEAN',
  Int: 'INTEGER',
  BigInt: 'BIGINT',
  Float: 'DOUBLE',
  Decimal: 'DECIMAL(65,30)',
  DateTime: 'DATETIME(3)',
  Json: 'JSON',
  Bytes: 'LONGBLOB',
}

function columnType({ enums }: Datamodel, { kind, type, nativeType }: Field): string {
  if (kind === 'enum') {
    const values = enums.find((one) => one.name === type)!.values
    return `ENUM(${values.map((value) => `'${value.dbName ?? value.name}'`).join(', ')})`
  }
  if (!nativeType) return TYPES[type]!
  const [native, args] = nativeType
  const unsigned = native.startsWith('Unsigned')
  const size = args.length > 0 ? `(${args.join(', ')})` : ''
  return `${native.replace('Unsigned', '').toUpperCase()}${size}${unsigned ? ' UNSIGNED' : ''}`
}

/** A TIMESTAMP that says nothing of NULL is NOT NULL. */
function nullability({ isRequired }: Field): string {
  return isRequired ? ' NOT NULL' : ' NULL'
}

function initial({ enums }: Datamodel, field: Field): string {
  const value = field.default as Default | undefined
  if (value === undefined) return ''
  if (typeof value !== 'object') {
    const of = enums.find((one) => field.kind === 'enum' && one.name === field.type)
    const text = of?.values.find((one) => one.name === value)?.dbName ?? value
    return ` DEFAULT ${typeof text === 'string' ? `'${text.replaceAll("'", "''")}'` : text}`
  }
  switch (value.name) {
    case 'autoincrement':
      return ' AUTO_INCREMENT'
    case 'now':
      return ` DEFAULT CURRENT_TIMESTAMP(${field.nativeType ? (field.nativeType[1][0] ?? 0) : 3})`
    case 'dbgenerated':
      return value.args.length > 0 ? ` DEFAULT ${value.args[0]}` : ''
    default:
      // Prisma makes it, not the database.
      return ''
  }
}

function foreignKey({ models }: Datamodel, model: Model, field: Field): string[] {
  const { relationFromFields: from = [], relationToFields: to = [] } = field
  if (from.length === 0) return []
  const target = models.find((one) => one.name === field.type)!
  const onDelete = action(field.relationOnDelete ?? (field.isRequired ? 'Restrict' : 'SetNull'))
  return [
    `ALTER TABLE ${name(model)} ADD CONSTRAINT \`${model.dbName ?? model.name}_${from.join('_')}_fkey\` ` +
      `FOREIGN KEY (${columns(model, from)}) REFERENCES ${name(target)} ` +
      `(${columns(target, to)}) ON DELETE ${onDelete} ON UPDATE ${action(field.relationOnUpdate ?? 'Cascade')}`,
  ]
}

/** `SetNull` is `SET NULL`. */
function action(prisma: string): string {
  return prisma.replace(/\B([A-Z])/g, ' $1').toUpperCase()
}

/** Of an implicit many-to-many relation; `A` is the model whose name comes first. */
function joinTables(datamodel: Datamodel, model: Model): string[] {
  return model.fields.flatMap((field) => {
    const target = datamodel.models.find((one) => one.name === field.type)
    const opposite = target?.fields.find((one) => one.relationName === field.relationName && one !== field)
    if (!target || !field.isList || !opposite?.isList || !(model.name < target.name)) return []
    const end = (column: string, of: Model) => {
      const [id] = datamodel.indexes.find((index) => index.model === of.name && index.type === 'id')!.fields
      const key = of.fields.find((one) => one.name === id!.name)!
      const reference = `FOREIGN KEY (${column}) REFERENCES ${name(of)} (${name(key)}) ON DELETE CASCADE ON UPDATE CASCADE`
      return `${column} ${columnType(datamodel, key)} NOT NULL, ${reference}`
    }
    return [
      `CREATE TABLE \`_${field.relationName}\` (${end('A', model)}, ${end('B', target)}, UNIQUE INDEX (A, B), INDEX (B)) ` +
        'DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci',
    ]
  })
}
