import { isPlainObject } from '../../../src/query/canonical-text.ts'
import { columnOf, type ModelName, type ModelShape, type Relation, relationOf, shapeOf, shapes } from './schema.ts'
import { type Args, listOf, matches, type Row, type Tables } from './tables.ts'

export interface Write {
  readonly model: ModelName
  readonly operation: string
  readonly args: Args
}

/** The write breaks a rule of the database: nothing of it stands. */
export class Refused extends Error {}

/** Whether a row's own columns change before what is nested in it: nothing says so. */
export type Order = 'columns first' | 'nested first'

/** The tables after the write, as Prisma and the database would do it, and its result. @throws Refused */
export function performed(
  tables: Tables,
  write: Write,
  order: Order,
): { readonly tables: Tables; readonly result: unknown } {
  const after = tables.copy()
  const result = new Writer(after, order).write(write)
  assertKeys(after)
  return { tables: after, result }
}

class Writer {
  readonly #tables: Tables
  readonly #order: Order

  constructor(tables: Tables, order: Order) {
    this.#tables = tables
    this.#order = order
  }

  write({ model, operation, args }: Write): unknown {
    const shape = shapeOf(model)
    const { where, data } = args
    const found = () => this.#matching(shape, where)
    switch (operation) {
      case 'create':
        return shown(this.#create(shape, data as Args), args)
      case 'createMany':
      case 'createManyAndReturn': {
        const rows = listOf(data).map((one) => this.#create(shape, one as Args))
        return operation === 'createMany' ? { count: rows.length } : rows.map((row) => shown(row, args))
      }
      case 'update':
        return shown(this.#update(shape, one(found()), data as Args), args)
      case 'updateMany':
      case 'updateManyAndReturn': {
        const rows = found()
        for (const row of rows) this.#update(shape, row, data as Args)
        return operation === 'updateMany' ? { count: rows.length } : rows.map((row) => shown(row, args))
      }
      case 'upsert': {
        const [row] = found()
        const done = row
          ? this.#update(shape, row, args['update'] as Args)
          : this.#create(shape, args['create'] as Args)
        return shown(done, args)
      }
      case 'delete': {
        const row = one(found())
        this.#delete(shape, row)
        return shown(row, args)
      }
      default: {
        const rows = found()
        for (const row of rows) this.#delete(shape, row)
        return { count: rows.length }
      }
    }
  }

  #matching(shape: ModelShape, where: unknown, among: readonly Row[] = this.#tables.rows[shape.name]): Row[] {
    return among.filter((row) => matches(this.#tables, shape, row, where) === true)
  }

  #create(shape: ModelShape, data: Args, given: Row = {}): Row {
    const row: Row = {}
    for (const column of shape.columns) {
      const value = data[column.name] === undefined ? given[column.name] : data[column.name]
      if (value !== undefined) row[column.name] = value
      else if (column.initial === 'counted') row[column.name] = this.#counted(shape)
      else row[column.name] = column.initial ? column.initial.value : null
    }
    // The row it refers to is there first, those that refer to it come after.
    for (const [relation, operations] of nestedOf(shape, data)) {
      if (relation.key) this.#toHolder(row, relation, operations)
    }
    this.#tables.rows[shape.name].push(row)
    for (const [relation, operations] of nestedOf(shape, data))
      if (!relation.key) this.#toHeld(row, relation, operations)
    return row
  }

  #counted(shape: ModelShape): number {
    const ids = this.#tables.rows[shape.name].map((row) => Number(row['id']))
    return Math.max(0, ...ids) + 1
  }

  #update(shape: ModelShape, row: Row, data: Args): Row {
    if (this.#order === 'columns first') this.#change(shape, row, data)
    for (const [relation, operations] of nestedOf(shape, data)) {
      if (relation.key) this.#toHolder(row, relation, operations)
      else this.#toHeld(row, relation, operations)
    }
    if (this.#order === 'nested first') this.#change(shape, row, data)
    return row
  }

  #change(shape: ModelShape, row: Row, data: Args): void {
    const before = { ...row }
    for (const [name, value] of Object.entries(data)) {
      if (value === undefined || !columnOf(shape, name)) continue
      if (!isPlainObject(value)) row[name] = value
      else if ('set' in value) row[name] = value['set']
      else if (row[name] !== null) row[name] = Number(row[name]) + Number(value['increment'])
    }
    this.#tick(shape, row)
    if (row['id'] !== before['id']) this.#follow(shape, before['id'], row['id'])
  }

  #tick(shape: ModelShape, row: Row): void {
    for (const { name, ticks } of shape.columns) if (ticks) row[name] = Number(row[name]) + 1
  }

  /** ON UPDATE CASCADE. */
  #follow(shape: ModelShape, before: unknown, after: unknown): void {
    for (const [holder, relation] of holdersOf(shape)) {
      for (const row of this.#tables.rows[holder.name]) {
        if (row[relation.key as string] === before) row[relation.key as string] = after
      }
    }
  }

  #delete(shape: ModelShape, row: Row): void {
    const rows = this.#tables.rows[shape.name]
    if (!rows.includes(row)) return
    rows.splice(rows.indexOf(row), 1)
    this.#tables.links = this.#tables.links.filter(({ post, tag }) => post !== row && tag !== row)
    for (const [holder, relation] of holdersOf(shape)) {
      for (const other of [...this.#tables.rows[holder.name]]) {
        if (other[relation.key as string] !== row['id']) continue
        if (relation.onDelete === 'Cascade') this.#delete(holder, other)
        else other[relation.key as string] = null
      }
    }
  }

  /** `author: { … }` of a post, which holds the key. */
  #toHolder(row: Row, relation: Relation, operations: Args): void {
    const target = shapeOf(relation.to)
    const key = relation.key as string
    const link = (other: Row) => {
      this.#displace(relation, other, row)
      row[key] = other['id']
    }
    for (const [operation, item] of Object.entries(operations)) {
      const { where, create, update, data } = isPlainObject(item) ? item : ({} as Args)
      const [current] = this.#tables.related(row, relation)
      const isMeant = (condition: unknown) =>
        current !== undefined && (condition === true || this.#matching(target, condition, [current]).length > 0)
      switch (operation) {
        case 'create':
          link(this.#create(target, item as Args))
          break
        case 'connect':
          link(one(this.#matching(target, item)))
          break
        case 'connectOrCreate':
          link(this.#matching(target, where)[0] ?? this.#create(target, create as Args))
          break
        case 'disconnect':
          if (relation.required) throw new Refused()
          if (isMeant(item)) row[key] = null
          break
        case 'update':
          if (!current || (data !== undefined && !isMeant(where))) throw new Refused()
          this.#update(target, current, (data ?? item) as Args)
          break
        case 'upsert':
          if (current && isMeant(where)) this.#update(target, current, update as Args)
          else link(this.#create(target, create as Args))
          break
        case 'delete':
          if (relation.required || !isMeant(item)) throw new Refused()
          this.#delete(target, current as Row)
      }
    }
  }

  /** Of a one-to-one relation the row that had the other loses it. */
  #displace(relation: Relation, other: Row, holder: Row): void {
    const opposite = relationOf(shapeOf(relation.to), relation.opposite)
    if (opposite?.list) return
    const key = relation.key as string
    const rivals = Object.values(this.#tables.rows).flatMap((rows) =>
      rows.filter((row) => key in row && 'bio' in row && row[key] === other['id'] && row !== holder),
    )
    if (rivals.length > 0) throw new Refused()
  }

  /** `posts: { … }` of a user: rows that hold its key, or are linked by a table of their own. */
  #toHeld(row: Row, relation: Relation, operations: Args): void {
    const target = shapeOf(relation.to)
    const opposite = relationOf(target, relation.opposite) as Relation
    const key = opposite.key
    const related = () => this.#tables.related(row, relation)
    const link = (other: Row) => {
      if (!key) this.#link(row, other, relation)
      else {
        if (!relation.list && related().some((rival) => rival !== other)) throw new Refused()
        other[key] = row['id']
        this.#tick(target, other)
      }
    }
    const cut = (other: Row) => {
      if (!key) this.#cut(row, other)
      else if (opposite.required) throw new Refused()
      else {
        other[key] = null
        this.#tick(target, other)
      }
    }
    const create = (data: unknown) => {
      if (key && !relation.list && related().length > 0) throw new Refused()
      const made = this.#create(target, data as Args, key ? { [key]: row['id'] } : {})
      if (!key) this.#link(row, made, relation)
    }
    const its = (where: unknown) => this.#matching(target, where === true ? undefined : where, related())
    for (const [operation, argument] of Object.entries(operations)) {
      if (operation === 'set') {
        const wanted = listOf(argument).map((where) => one(this.#matching(target, where)))
        for (const other of related()) if (!wanted.includes(other)) cut(other)
        for (const other of wanted) link(other)
        continue
      }
      for (const item of listOf(argument)) {
        const { where, data, update } = isPlainObject(item) ? item : ({} as Args)
        switch (operation) {
          case 'create':
            create(item)
            break
          case 'createMany':
            for (const one of listOf(data)) create(one)
            break
          case 'connect':
            link(one(this.#matching(target, item)))
            break
          case 'connectOrCreate': {
            const [found] = this.#matching(target, where)
            if (found) link(found)
            else create((item as Args)['create'])
            break
          }
          case 'disconnect':
            for (const other of its(item)) cut(other)
            break
          case 'update':
            this.#update(target, one(its(relation.list ? where : undefined)), (relation.list ? data : item) as Args)
            break
          case 'updateMany':
            for (const other of its(where)) this.#update(target, other, data as Args)
            break
          case 'upsert': {
            const [found] = its(where)
            if (found) this.#update(target, found, update as Args)
            else create((item as Args)['create'])
            break
          }
          case 'delete':
            this.#delete(target, one(its(item)))
            break
          case 'deleteMany':
            for (const other of its(item)) this.#delete(target, other)
        }
      }
    }
  }

  #link(row: Row, other: Row, relation: Relation): void {
    this.#cut(row, other)
    this.#tables.links.push(relation.to === 'Tag' ? { post: row, tag: other } : { post: other, tag: row })
  }

  #cut(row: Row, other: Row): void {
    this.#tables.links = this.#tables.links.filter(
      ({ post, tag }) => !(post === row && tag === other) && !(post === other && tag === row),
    )
  }
}

/** Foreign keys that refer to a model. */
function holdersOf(shape: ModelShape): (readonly [ModelShape, Relation])[] {
  return [...shapes.values()].flatMap((holder) =>
    holder.relations.flatMap((relation) =>
      relation.key && relation.to === shape.name ? [[holder, relation] as const] : [],
    ),
  )
}

function nestedOf(shape: ModelShape, data: Args): (readonly [Relation, Args])[] {
  return Object.entries(data).flatMap(([name, operations]) => {
    const relation = relationOf(shape, name)
    return relation && isPlainObject(operations) ? [[relation, operations] as const] : []
  })
}

/** Unique keys, foreign keys, and columns that must have a value. */
export function assertKeys(tables: Tables): void {
  for (const shape of shapes.values()) {
    const rows = tables.rows[shape.name]
    for (const names of shape.uniques) {
      const texts = rows
        .map((row) => names.map((name) => row[name]))
        .filter((values) => !values.includes(null))
        .map((values) => JSON.stringify(values))
      if (new Set(texts).size < texts.length) throw new Refused()
    }
    for (const { name, nullable } of shape.columns) {
      if (!nullable && rows.some((row) => row[name] === null)) throw new Refused()
    }
    for (const { key, to } of shape.relations) {
      if (!key) continue
      const ids = new Set(tables.rows[to].map((row) => row['id']))
      if (rows.some((row) => row[key] !== null && !ids.has(row[key]))) throw new Refused()
    }
  }
}

function shown(row: Row, { select, omit }: Args): Row {
  const isShown = (name: string) => (isPlainObject(select) ? select[name] : !(isPlainObject(omit) && omit[name]))
  return Object.fromEntries(Object.entries(row).filter(([name]) => isShown(name)))
}

function one(rows: readonly Row[]): Row {
  if (rows.length !== 1) throw new Refused()
  return rows[0] as Row
}
