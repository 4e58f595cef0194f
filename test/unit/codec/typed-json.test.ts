import { DbNull, Decimal } from '@prisma/client/runtime/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, holdsDecimals } from '../../../src/codec/typed-json.ts'
import { CodecError } from '../../../src/errors.ts'

const decimal = (text: string) => new Decimal(text)
const trip = (value: unknown) => decode(encode(value), decimal)
const at = new Date('2026-01-02T03:04:05.678Z')

describe('a value comes back as it was', () => {
  it.each<[string, unknown]>([
    ['null', null],
    ['true', true],
    ['a text', 'text'],
    ['an empty text', ''],
    ['a text of several lines', '"d"\n{"a":1}\r\n'],
    ['a lone surrogate', '\ud800'],
    ['a number', 1.5],
    ['a large number', 2 ** 60],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['-Infinity', Number.NEGATIVE_INFINITY],
    ['-0', -0],
    ['a bigint', 2n ** 70n],
    ['a negative bigint', -1n],
    ['a Date', at],
    ['the first Date', new Date(-8.64e15)],
    ['the last Date', new Date(8.64e15)],
    ['bytes', new Uint8Array([0, 1, 255])],
    ['no bytes', new Uint8Array()],
    ['bytes that are a part of a larger buffer', new Uint8Array([0, 1, 2, 3]).subarray(1, 3)],
    ['a Buffer', Buffer.from([1, 2, 3])],
    ['a Decimal', new Decimal('1.50')],
    ['a Decimal of many digits', new Decimal(`${'1234567890'.repeat(9)}.${'0987654321'.repeat(9)}`)],
    ['a very small Decimal', new Decimal('1e-500')],
    ['no rows', []],
    ['an empty object', {}],
    [
      'rows',
      [
        { id: 1, at },
        { id: 2, at: null },
      ],
    ],
    ['relations', { id: 1, posts: [{ at, tags: [{ at }] }], author: { big: 1n, profile: null } }],
    ['lists of typed values', { readings: [1.5, Number.NaN], amounts: [new Decimal(1)], dates: [[at]] }],
    ['a row that is null among others', [null, { at }, null]],
    ['keys with marks of ours', { '': at, '#': 1, d: 'd', '"D"': 'D', 'a.b': [at] }],
    ['typed values under keys that look like marks of ours', { '#': at, '*': [at], '{': [{ '[': at }, null] }],
    ['texts with marks of ours', ['"d"', 'd', '#', '{"#":{}}', '[null]']],
  ])('%s', (_, value) => {
    expect(trip(value)).toStrictEqual(value)
  })

  it('JSON with the names of what every object has', () => {
    const text = '{"meta":{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":1}}'
    expect(JSON.stringify(trip(JSON.parse(text)))).toBe(text)
  })

  it.each<[string, unknown[]]>([
    ['kinds that disagree', [at, 1n, 'text', null, 1, new Uint8Array([1])]],
    ['a plain value, then an object with a typed one', [5, { at }]],
    ['an object with a typed value, then a plain one', [{ at }, 5]],
    ['a plain value, then a list with a typed one', ['text', [at]]],
    ['an object and a list', [{ at }, [at]]],
    ['a list and an object', [[at], { at }]],
    ['an object and a list without typed values', [{ at }, [1], {}, []]],
    ['rows with JSON of any shape', [{ meta: 1 }, { meta: { a: -0 } }, { meta: [-0] }, { meta: '-0' }]],
    ['rows that disagree below', [{ a: { b: at } }, { a: { b: 1n } }]],
    ['one that disagrees among many', [...Array.from({ length: 50 }, () => ({ at })), { at: 1 }]],
  ])('in a list: %s', (_, value) => {
    expect(trip(value)).toStrictEqual(value)
  })

  it('any value of those Prisma returns', () => {
    const scalar = fc.oneof(
      fc.constant(null),
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.double(),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 20 }),
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(fc.bigInt({ min: -(10n ** 80n), max: 10n ** 80n }), fc.integer({ min: -60, max: 60 }))
        .map(([digits, exponent]) => new Decimal(`${digits}e${exponent}`)),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, withCrossShrink: true },
        scalar,
        fc.array(tie('value'), { maxLength: 3 }),
        // Few names, so that rows of a list have some in common.
        fc.dictionary(fc.constantFrom('a', 'b', 'c c'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, (value) => {
        expect(trip(value)).toStrictEqual(value)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('and is nobody else’s: each time another one, and none of the caller’s', () => {
    const value = { rows: [{ at, bytes: new Uint8Array([1]) }] }
    const payload = encode(value)
    value.rows[0]?.bytes.fill(9)
    const [first, second] = [decode(payload, decimal), decode(payload, decimal)] as [typeof value, typeof value]
    expect(first.rows[0]?.bytes).toEqual(new Uint8Array([1]))
    first.rows.pop()
    expect(second.rows).toHaveLength(1)
    expect(Object.isFrozen(second)).toBe(false)
  })

  it('with Decimals of the class that the client has', () => {
    class Theirs {
      constructor(readonly text: string) {}
    }
    const value = decode(encode([{ price: new Decimal('1.5') }]), (text) => new Theirs(text))
    expect(value).toEqual([{ price: new Theirs('1.5') }])
  })
})

describe('the payload', () => {
  it('names fields and kinds once for all rows of a list', () => {
    expect(
      encode([
        { id: 1, at: new Date(1) },
        { id: 2, at: new Date(2) },
      ]),
    ).toBe('[{"id":0,"at":"d"}]\n[2,[1,2],[1,2]]')
  })

  it('of relations has their rows in columns too', () => {
    const author = { name: 'a' }
    const rows = [
      { author, posts: [{ id: 1 }, { id: 2 }] },
      { author: null, posts: [] },
      { author, posts: [{ id: 3 }] },
    ]
    expect(encode(rows)).toBe('[{"author":{"name":0},"posts":[{"id":0}]}]\n[3,["101",["a","a"]],[[2,0,1],[3,[1,2,3]]]]')
  })

  it('names of a single row only what must be restored', () => {
    expect(encode({ id: 1, at: new Date(1), big: null })).toBe('{"at":"d"}\n{"id":1,"at":1,"big":null}')
  })

  it('says of each value what it is where they disagree', () => {
    expect(encode({ list: [1, 1n, { at: new Date(1) }, [-0]] })).toBe(
      '{"list":["*"]}\n{"list":[1,["i",1],["{","at",["d",1]],["[",["n","-0"]]]}',
    )
  })

  it('is plain JSON where nothing needs to be restored', () => {
    expect(encode({ a: [1, 'x', null] })).toBe('\n{"a":[1,"x",null]}')
  })

  it('says whether a Decimal will be asked for', () => {
    expect(holdsDecimals(encode([{ a: new Decimal(1) }]))).toBe(true)
    expect(holdsDecimals(encode([{ a: at, text: '"D"' }]))).toBe(false)
  })
})

describe('a value that could not be given back is refused', () => {
  class Row {
    id = 1
  }
  const circle: unknown[] = []
  circle.push(circle)
  const twins: unknown[] = []
  twins.push(twins, twins)
  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined in a row', { a: undefined }],
    ['a function', { a: () => 1 }],
    ['a symbol', [Symbol('a')]],
    ['an instance of a class', [new Row()]],
    ['a Map', new Map()],
    ['a RegExp', /a/],
    ['an invalid Date', new Date(Number.NaN)],
    ['a null kind', DbNull],
    ['a typed array that is no bytes', new Float64Array([1])],
    ['a value that contains itself', circle],
    ['a value deeper than any result', JSON.parse(`${'['.repeat(1000)}${']'.repeat(1000)}`)],
    ['a value that contains itself in several places', twins],
    ['a list with a hole', new Array(2)],
    ['a list with a hole, among values that disagree', [1n, at, new Array(1)]],
    ['rows of which one has an undefined', [{ a: 1 }, { a: undefined }]],
  ])('%s', (_, value) => {
    expect(() => encode(value)).toThrow(CodecError)
  })
})

describe('a payload that is not ours', () => {
  const good = encode([
    { at, price: new Decimal('1.5'), big: 1n, bytes: new Uint8Array([1]), nan: Number.NaN, tags: ['a'] },
  ])

  it.each([
    ['nothing', ''],
    ['a line', 'hello'],
    ['no JSON', '\nhello'],
    ['no tree', 'hello\n{}'],
    ['a kind that there is not', '"z"\n"text"'],
    ['a kind that is a key of every object', '"constructor"\n"text"'],
    ['a Date that is a text', '"d"\n"2026"'],
    ['a Date that is an object', '{"a":"d"}\n{"a":{}}'],
    ['a Date out of range', '"d"\n1e300'],
    ['a Decimal that is a number', '"D"\n1.5'],
    ['a Decimal that is a word', '"D"\n"one"'],
    ['a bigint that is no integer', '"i"\n1.5'],
    ['a bigint that is nothing', '"i"\n""'],
    ['a bigint that is a word', '"i"\n"one"'],
    ['bytes that are a number', '"b"\n1'],
    ['bytes that are a list', '"B"\n[1]'],
    ['a number that is a word', '"n"\n"one"'],
    ['a tree that is null', 'null\n{"a":1}'],
    ['an element of the tree that is null', '{"a":null}\n{"a":{}}'],
    ['a list of no trees', '[]\n[[1]]'],
    [
      'a tree deeper than the stack',
      `${'['.repeat(100_000)}"d"${']'.repeat(100_000)}\n${'['.repeat(100_000)}1${']'.repeat(100_000)}`,
    ],
  ])('%s', (_, payload) => {
    expect(() => decode(payload, decimal)).toThrow(CodecError)
  })

  it('cut off anywhere', () => {
    for (let length = 0; length < good.length; length += 1) {
      expect(() => decode(good.slice(0, length), decimal)).toThrow(CodecError)
    }
  })

  it.each([
    '{"__proto__":{"polluted":"n"}}\n{"__proto__":{"polluted":"1"}}',
    '{"__proto__":"n"}\n{"__proto__":"1"}',
    '{"constructor":{"prototype":{"polluted":"n"}}}\n{"constructor":{"prototype":{"polluted":"1"}}}',
    '{"constructor":{"prototype":{"polluted":"n"}}}\n{}',
    '{"toString":"n","polluted":"n"}\n{}',
    '{"#":{"__proto__":{"polluted":"n"}}}\n[]',
    '{"#":{"length":"n"}}\n["1"]',
  ])('%s changes no prototype', (payload) => {
    const before = Object.getOwnPropertyNames(Object.prototype).length
    try {
      const value = decode(payload, decimal) as object
      expect([Object.prototype, Array.prototype]).toContain(Object.getPrototypeOf(value))
    } catch (error) {
      expect(error).toBeInstanceOf(CodecError)
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
    expect(Object.getOwnPropertyNames(Object.prototype)).toHaveLength(before)
  })

  it('anything: a value or a CodecError, and nothing else happens', () => {
    const tree = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('d', 'D', 'i', 'b', 'B', 'n', 'z', null, 1),
        fc.array(tie('tree'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', '#', '0', '__proto__', 'constructor', 'length'), tie('tree')),
      ),
    })).tree
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>('1', 'x', 1, null, 1e300, true),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', '#', '0', '__proto__', 'constructor', 'length'), tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(tree, value, (tree, value) => {
        try {
          decode(`${JSON.stringify(tree)}\n${JSON.stringify(value)}`, decimal)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
        expect(({} as { a?: unknown }).a).toBeUndefined()
      }),
      { seed: 1, numRuns: 500 },
    )
  })
})
