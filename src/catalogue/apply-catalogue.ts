import type { CatalogueHints } from '../policy/options.ts'
import {
  type Field,
  type ForeignKey,
  type Model,
  type ModelGraph,
  type ModelsWritten,
  oppositeField,
  type ReferentialAction,
} from '../query/model-graph.ts'
import type { RowChange } from '../query/row-change.ts'
import type { Action, Catalogue, ForeignKeyFacts, TableFacts } from './catalogue.ts'

type Models = ModelGraph['models']
type Kind = RowChange['kind']

/**
 * The models as the database has them: what the schema says, and what its catalogue and the application say besides. Each
 * can only widen what a write is taken to change. A model whose table is not in the catalogue may be written with any
 * other, and any other with it.
 */
export function withCatalogue(models: Models, { tables, showsTriggers }: Catalogue, hints: CatalogueHints): Models {
  // The application's own word stands for the triggers that are not shown.
  const areKnown = showsTriggers || hints.writes !== undefined
  const factsOf = byName(tables)
  const modelsOf = modelsByTable(models)
  const referring = foreignKeys(models, modelsOf, factsOf)
  const all = [...models.values()].map((model): Model => {
    const facts = factsOf(model.table)
    const joins = joinTables(models, model).map(factsOf)
    // A row of a join table that comes or goes is a change of the models it joins.
    const written = (kind: Kind, ofJoins: readonly Kind[]): ModelsWritten => {
      const steps = [facts?.writes[kind], ...ofJoins.flatMap((one) => joins.map((join) => join?.writes[one]))]
      if (!areKnown || steps.some((step) => step === undefined || step === 'any')) return 'any'
      return new Set(steps.flatMap((step) => [...(step as ReadonlySet<string>)]).flatMap((table) => modelsOf(table)))
    }
    const known: Model = {
      ...model,
      referencedBy: [...model.referencedBy, ...(referring.get(model.name) ?? [])],
      alsoWritten: {
        created: written('created', []),
        updated: written('updated', ['created', 'deleted']),
        deleted: written('deleted', ['deleted']),
      },
      ...(facts?.isTransactional === false && { isTransactional: false }),
    }
    return withFields(known, (field) => withFacts(field, facts))
  })
  return withHints(new Map(all.map((model) => [model.name, model])), hints)
}

/** The models with what the application says of them, and what can be told without a database: two models of one table. */
export function withHints(models: Models, { generated = {}, writes = {} }: CatalogueHints): Models {
  const modelsOf = modelsByTable(models)
  const all = [...models.values()].map((model): Model => {
    const names = generated[model.name] ?? []
    const { created, updated, deleted } = model.alsoWritten ?? NOTHING
    const and = (written: ModelsWritten) =>
      withOthers(models, model, written, (name) => {
        const sharing = modelsOf(models.get(name)?.table ?? '').filter((other) => other !== name)
        return [...(writes[name] ?? []), ...sharing]
      })
    const hinted = { ...model, alsoWritten: { created: and(created), updated: and(updated), deleted: and(deleted) } }
    return withFields(hinted, (field) => (names.includes(field.name) ? computed(field) : field))
  })
  return new Map(all.map((model) => [model.name, model]))
}

/** What is written with this model, and with each of those in turn. */
function withOthers(
  models: Models,
  model: Model,
  written: ModelsWritten,
  besides: (name: string) => readonly string[],
): ModelsWritten {
  if (written === 'any') return 'any'
  const all = new Set([...written, ...besides(model.name)])
  // A set that grows while it is walked: the walk reaches what it adds.
  for (const name of all) {
    // What the catalogue names is named with all that follows from it.
    for (const more of written.has(name) ? [] : Object.values(models.get(name)?.alsoWritten ?? NOTHING)) {
      if (more === 'any') return 'any'
      for (const other of more) all.add(other)
    }
    for (const other of besides(name)) all.add(other)
  }
  return all
}

const NOTHING = { created: new Set<string>(), updated: new Set<string>(), deleted: new Set<string>() } as const

/** Unique keys are made of the fields themselves. */
function withFields(model: Model, change: (field: Field) => Field): Model {
  const fields = new Map([...model.fields].map(([name, field]) => [name, change(field)]))
  const uniques = model.uniques?.map(({ name, fields: columns }) => ({
    name,
    fields: columns.map((field) => fields.get(field.name) ?? field),
  }))
  return { ...model, fields, ...(uniques && { uniques }) }
}

function withFacts(field: Field, table: TableFacts | undefined): Field {
  const facts = field.kind === 'relation' ? undefined : table?.columns.get(field.column ?? field.name)
  if (!facts) return field
  const { initial, ...rest } = field
  return {
    ...rest,
    // A value that the schema gives is sent with the row; NULL is what the schema takes the lack of one for.
    ...(initial && !(facts.hasDefault && initial.value === null) && !facts.isRewritten && { initial }),
    ...(facts.changesByItself && { changesByItself: true }),
    ...(facts.isRewritten && { isRewritten: true }),
    ...(facts.isAutoIncrement && { isAutoIncrement: true }),
    ...(facts.collation && { collation: facts.collation }),
  }
}

function computed({ initial: _, ...field }: Field): Field {
  return { ...field, changesByItself: true, isRewritten: true }
}

/** Foreign keys of the database by the model they refer to; where it says what the schema says, twice is once. */
function foreignKeys(
  models: Models,
  modelsOf: (table: string) => readonly string[],
  factsOf: (table: string) => TableFacts | undefined,
): ReadonlyMap<string, readonly ForeignKey[]> {
  const found = new Map<string, ForeignKey[]>()
  for (const holder of models.values()) {
    for (const key of factsOf(holder.table)?.foreignKeys ?? []) {
      for (const name of modelsOf(key.target)) {
        const target = models.get(name) as Model
        const added = foreignKey(holder, target, key)
        const isSaid = target.referencedBy.some((known) => isCovered(added, known))
        if (!isSaid) found.set(name, [...(found.get(name) ?? []), added])
      }
    }
  }
  return found
}

function foreignKey(holder: Model, target: Model, key: ForeignKeyFacts): ForeignKey {
  const from = fieldNames(holder, key.columns)
  const references = fieldNames(target, key.references)
  const isNamed = from.length > 0 && from.length === references.length
  return {
    holder: holder.name,
    target: target.name,
    from: isNamed ? from : [],
    references: isNamed ? references : [],
    onDelete: action(key.onDelete, 'follow'),
    onUpdate: action(key.onUpdate, 'rewrite'),
  }
}

/** Empty where one of the columns is in no field: any may be meant then. */
function fieldNames(model: Model, columns: readonly string[]): readonly string[] {
  const names = columns.map((column) =>
    [...model.fields.values()].find((field) => (field.column ?? field.name) === column),
  )
  return names.every((field) => field !== undefined) ? names.map((field) => field.name) : []
}

function isCovered(one: ForeignKey, by: ForeignKey): boolean {
  return (
    one.holder === by.holder &&
    one.from.join() === by.from.join() &&
    (one.onDelete === by.onDelete || one.onDelete === 'none') &&
    (one.onUpdate === by.onUpdate || one.onUpdate === 'none')
  )
}

function action(done: Action, cascade: ReferentialAction): ReferentialAction {
  if (done === 'cascade') return cascade
  return done === 'set' ? 'rewrite' : 'none'
}

/** Names of the database without regard to case, where no two tables differ in nothing else: SQLite has none. */
function byName(tables: ReadonlyMap<string, TableFacts>): (name: string) => TableFacts | undefined {
  const folded = new Map<string, TableFacts | undefined>()
  for (const [name, facts] of tables) folded.set(name.toLowerCase(), folded.has(name.toLowerCase()) ? undefined : facts)
  return (name) => tables.get(name) ?? folded.get(name.toLowerCase())
}

/** The models that show the rows of a table; of a join table the two it joins. */
function modelsByTable(models: Models): (table: string) => readonly string[] {
  const names = new Map<string, string[]>()
  for (const model of models.values()) {
    for (const table of [model.table, ...joinTables(models, model)]) {
      const key = table.toLowerCase()
      names.set(key, [...(names.get(key) ?? []), model.name])
    }
  }
  return (table) => names.get(table.toLowerCase()) ?? []
}

/** Of its relations whose columns are in neither model. */
export function joinTables(models: Models, model: Model): readonly string[] {
  const graph = { provider: '', models }
  return [...model.fields.values()].flatMap((field) => {
    if (field.kind !== 'relation' || field.foreignKey || !field.relationName) return []
    const opposite = oppositeField(graph, model, field)
    return opposite && !opposite.foreignKey ? [`_${field.relationName}`] : []
  })
}
