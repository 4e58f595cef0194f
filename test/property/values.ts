import fc from 'fast-check'
import type { Provider } from '../support/provider.ts'
import { Late } from './late.ts'
import { type Column, type Kind, type ModelShape, modelShapes } from './schema.ts'

export type Args = Readonly<Record<string, unknown>>
type Entry = readonly [key: string, value: unknown]

/** Arbitraries of one provider's models, each made once: they refer to each other all over. */
export class Grammar {
  readonly provider: Provider
  readonly shapes: ReadonlyMap<string, ModelShape>
  readonly #made = new Map<string, fc.Arbitrary<unknown>>()

  constructor(provider: Provider) {
    this.provider = provider
    this.shapes = modelShapes(provider)
  }

  shape(name: string): ModelShape {
    const shape = this.shapes.get(name)
    if (!shape) throw new Error(`no model ${name}`)
    return shape
  }

  once<T>(name: string, make: () => fc.Arbitrary<T>): fc.Arbitrary<T> {
    let made = this.#made.get(name)
    if (!made) this.#made.set(name, (made = make()))
    return made as fc.Arbitrary<T>
  }

  get isPostgres(): boolean {
    return this.provider === 'postgresql'
  }

  /** Prisma has `createManyAndReturn` and `updateManyAndReturn` where the database has RETURNING. */
  get hasReturning(): boolean {
    return this.provider !== 'mysql'
  }
}

const decimal = (text: string) => new Late('Decimal', text)
const POOLS: Readonly<Record<Kind, readonly unknown[]>> = {
  Int: [0, 1, 2, 3, -1],
  String: ['x', 'X', 'ä', '', "it's 50%", 'x '],
  Boolean: [true, false],
  Float: [0, 1, 1.5, -0.25, 1e21],
  Decimal: [decimal('0'), decimal('1'), decimal('1.10'), decimal('-2.5'), decimal('99999.99'), '1.1', 1],
  BigInt: [0n, 1n, -5n, 2n ** 53n + 1n, 1],
  Bytes: [new Uint8Array([]), new Uint8Array([0]), new Uint8Array([255, 0, 1])],
  Json: [
    { a: 1 },
    { a: null, b: ['2024-01-01T00:00:00.000Z'] },
    [1, 'x', null],
    'text',
    5,
    true,
    new Late('null', 'JsonNull'),
  ],
  DateTime: [
    new Date('2024-01-01T00:00:00.000Z'),
    new Date('2024-01-01T00:00:00.123Z'),
    new Date('1969-12-31T23:59:59.999Z'),
  ],
  Role: ['USER', 'ADMIN'],
}

/** A value for the column, not `null`. */
export function someValue(column: Column): fc.Arbitrary<unknown> {
  const pool = column.pool ?? POOLS[column.kind]
  if (!column.pool) return fc.constantFrom(...pool)
  // The first ones more often: steps are to meet on the same rows, and a nested key is to be one of its parent's.
  return weighted([2, fc.constant(pool[0])], [3, fc.constantFrom(...pool.slice(0, 3))], [1, fc.constantFrom(...pool)])
}

/** A value for a row that is yet to be: where few rows have been so far, or another row will have it already. */
export function freshValue(column: Column): fc.Arbitrary<unknown> {
  return column.pool ? fc.constantFrom(...column.pool.slice(3)) : someValue(column)
}

/** What stands for `null` in the column. */
export function nullValue(column: Column): unknown {
  return column.kind === 'Json' ? new Late('null', 'DbNull') : null
}

export function columnOf(shape: ModelShape, name: string): Column {
  const column = shape.columns.find((one) => one.name === name)
  if (!column) throw new Error(`${shape.name} has no column ${name}`)
  return column
}

/** `{ id: 1 }`, `{ authorId_title: { authorId: 1, title: 'one' } }`. */
export function uniqueKey(shape: ModelShape, value = someValue): fc.Arbitrary<Args> {
  return fc.oneof(
    ...shape.uniques.map((names) => {
      const columns = record(Object.fromEntries(names.map((name) => [name, value(columnOf(shape, name))])))
      return names.length === 1 ? columns : columns.map((value) => ({ [names.join('_')]: value }))
    }),
  )
}

/** Up to `most` entries; of equal keys the last one counts. */
export function objectOf(entry: fc.Arbitrary<Entry>, most: number, least = 0): fc.Arbitrary<Args> {
  return fc
    .array(entry, { minLength: least, maxLength: most, size: 'max' })
    .map((entries) => Object.fromEntries(entries))
}

/** `fc.record`, of objects that print as what they are. */
export function record<T>(properties: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(properties, { noNullPrototype: true }) as fc.Arbitrary<T>
}

export function entry(key: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<Entry> {
  return value.map((one) => [key, one] as const)
}

/** Leaves each property out as often as `weights` says, of ten times. */
export function sometimes(
  properties: Readonly<Record<string, readonly [times: number, value: fc.Arbitrary<unknown>]>>,
): fc.Arbitrary<Args> {
  const absent = Symbol('absent')
  const all = Object.entries(properties).map(
    ([key, [times, value]]) =>
      [
        key,
        fc.oneof({ weight: times, arbitrary: value }, { weight: 10 - times, arbitrary: fc.constant(absent) }),
      ] as const,
  )
  return record<Record<string, unknown>>(Object.fromEntries(all)).map((whole) =>
    Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== absent)),
  )
}

export function weighted<T>(...choices: (readonly [weight: number, arbitrary: fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.filter(([weight]) => weight > 0).map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

/** Models with the most relations have the most to get wrong, and those that change unseen. */
export function weightOf({ relations, changesByItself }: ModelShape): number {
  return 2 + relations.length + (changesByItself ? 3 : 0)
}

/** Some of a list, in its order. */
export function someOf<T>(list: readonly T[], least: number, most: number): fc.Arbitrary<T[]> {
  return fc.subarray([...list], { minLength: Math.min(least, list.length), maxLength: Math.min(most, list.length) })
}
