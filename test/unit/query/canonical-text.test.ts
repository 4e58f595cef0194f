import { AnyNull, DbNull, Decimal, JsonNull, makeTypedQueryFactory, Sql, skip } from '@prisma/client/runtime/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalText, UnsupportedArgument } from '../../../src/query/canonical-text.ts'

/** As `prisma.user.fields.email` looks; `test/prisma-canary` holds it against a real one. */
class FieldReference {
  readonly isList = false
  readonly isEnum = false
  constructor(
    readonly modelName: string,
    readonly name: string,
    readonly typeName = 'String',
  ) {}
}

const bytes = (...values: number[]) => new Uint8Array(values)
const at = new Date('2026-01-02T03:04:05.678Z')
const typed = makeTypedQueryFactory('SELECT $1::int')

describe('values that differ', () => {
  const values: [string, unknown][] = [
    ['1', 1],
    ['1n', 1n],
    ['"1"', '1'],
    ['Decimal(1)', new Decimal(1)],
    ['true', true],
    ['"true"', 'true'],
    ['[1]', [1]],
    ['[[1]]', [[1]]],
    ['["1"]', ['1']],
    ['[1,1]', [1, 1]],
    ['["1,1"]', ['1,1']],
    ['{a:1}', { a: 1 }],
    ['{a:"1"}', { a: '1' }],
    ['{a:[1]}', { a: [1] }],
    ['{"a:1":1}', { 'a:1': 1 }],
    ['false', false],
    ['0', 0],
    ['null', null],
    ['"null"', 'null'],
    ['undefined', undefined],
    ['[undefined]', [undefined]],
    ['[null]', [null]],
    ['{}', {}],
    ['{a:null}', { a: null }],
    ['[]', []],
    ['""', ''],
    ['DbNull', DbNull],
    ['JsonNull', JsonNull],
    ['AnyNull', AnyNull],
    ['"DbNull"', 'DbNull'],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['Decimal(NaN)', new Decimal(Number.NaN)],
    ['1.5', 1.5],
    ['Decimal(1.5)', new Decimal('1.5')],
    ['Decimal(-1.5)', new Decimal('-1.5')],
    ['0.1', 0.1],
    ['0.1 and the next number', 0.1 + Number.EPSILON / 8],
    ['2^53', 2 ** 53],
    ['2n^53n', 2n ** 53n],
    ['2n^53n + 1', 2n ** 53n + 1n],
    ['a Date', at],
    ['its ISO text', at.toISOString()],
    ['its milliseconds', at.getTime()],
    ['a Date one millisecond later', new Date(at.getTime() + 1)],
    ['bytes', bytes(1, 2)],
    ['other bytes', bytes(1, 3)],
    ['no bytes', bytes()],
    ['their base64', 'AQI='],
    ['a list of them', [1, 2]],
    ['a field', new FieldReference('User', 'email')],
    ['another field', new FieldReference('User', 'name')],
    ['a field of another model', new FieldReference('Post', 'email')],
    ['its name', 'User.email'],
    ['SQL', new Sql(['SELECT ', ''], [1])],
    ['SQL with another value', new Sql(['SELECT ', ''], [2])],
    ['SQL with a value of another type', new Sql(['SELECT ', ''], ['1'])],
    ['other SQL', new Sql(['SELECT -', ''], [1])],
    ['SQL without values', new Sql(['SELECT 1'], [])],
    ['typed SQL', typed(1)],
    ['typed SQL with another value', typed(2)],
    ['other typed SQL', makeTypedQueryFactory('SELECT $1::text')(1)],
    ['unsafe SQL', ['SELECT $1', 1]],
    ['a lone surrogate', '\ud800'],
    ['another', '\ud801'],
    ['a composed é', '\u00e9'],
    ['a decomposed é', 'e\u0301'],
  ]

  it('never share a text', () => {
    const names = new Map<string, string>()
    for (const [name, value] of values) {
      const text = canonicalText(value)
      expect(names.get(text), `${name} has the text of`).toBeUndefined()
      names.set(text, name)
    }
  })

  it('never share a text inside an object or a list either', () => {
    for (const wrap of [(value: unknown) => [value], (value: unknown) => ({ is: [value] })]) {
      expect(new Set(values.map(([, value]) => canonicalText(wrap(value)))).size).toBe(values.length)
    }
  })

  it('never share a text, whatever the strings are made of', () => {
    const alike = fc
      .array(fc.constantFrom(...'"\\,:[]{}~tfuneDbdrq10'), { maxLength: 6 })
      .map((chars) => chars.join(''))
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        alike,
        fc.integer(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(alike, tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(value, value, (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        expect(canonicalText(a) === canonicalText(b)).toBe(same)
      }),
    )
  })
})

describe('values that are equal', () => {
  it.each<[string, unknown, unknown]>([
    ['keys in another order', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['a property that is undefined', { a: 1, b: undefined }, { a: 1 }],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    ['zero with a sign', -0, 0],
    ['a Buffer', Buffer.from([1, 2]), bytes(1, 2)],
    ['bytes that are a part of a larger buffer', bytes(0, 1, 2, 3).subarray(1, 3), bytes(1, 2)],
    ['decimals written otherwise', new Decimal('1.50e2'), new Decimal('150')],
    ['large decimals', new Decimal('1e30'), new Decimal(`1${'0'.repeat(30)}`)],
    ['a decimal zero with a sign', new Decimal('-0'), new Decimal(0)],
    ['decimals of another copy of the class', new (Decimal.clone())('1.5'), new Decimal('1.5')],
    ['dates', new Date(at), at],
    ['fields', new FieldReference('User', 'email'), new FieldReference('User', 'email')],
    ['SQL put together otherwise', new Sql(['SELECT ', ''], [new Sql(['', ''], [1])]), new Sql(['SELECT ', ''], [1])],
  ])('%s', (_, a, b) => {
    expect(canonicalText(a)).toBe(canonicalText(b))
  })

  it('have keys in one order on every machine', () => {
    expect(canonicalText({ ä: 1, z: 2, a: 3, Z: 4, '10': 5, '9': 6 })).toBe('{"10":5,"9":6,"Z":4,"a":3,"z":2,"ä":1}')
  })
})

describe('values that cannot be told apart', () => {
  class Unknown {}
  it.each<[string, unknown]>([
    ['an instance of an unknown class', new Unknown()],
    ['an instance of a class without a constructor', Object.create(Object.create(null))],
    ['a function', () => 1],
    ['a symbol', Symbol('a')],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Map', new Map([[1, 2]])],
    ['a Set', new Set([1])],
    ['a RegExp', /a/],
    ['Prisma.skip', skip],
    ['a promise', Promise.resolve(1)],
    ['typed arrays that are no bytes', new Float64Array([1])],
  ])('%s', (_, value) => {
    expect(() => canonicalText(value)).toThrow(UnsupportedArgument)
    expect(() => canonicalText({ where: [value] })).toThrow(UnsupportedArgument)
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return { members: members.map(([key, member]) => [key, sorted(member)]) }
}
