import { DbNull, Decimal } from '@prisma/client/runtime/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OversizeError } from '../../../src/codec/budget.ts'
import { decode, encode, holdsDecimals, isNull, prepared } from '../../../src/codec/typed-json.ts'
import { CodecError } from '../../../src/errors.ts'

const decimal = (text: string) => new Decimal(text)
const trip = (value: unknown) => decode(encode(value), decimal)
/** The same by the other way of reading: the second of two copies, after the first was spoilt. */
const secondCopy = (payload: string) => {
  const copy = prepared(payload, decimal)
  spoil(copy())
  return copy()
}

/** Changes everything in a value that can be changed. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Date) value.setTime(0)
  else if (value instanceof Uint8Array) value.fill(7)
  else if (Decimal.isDecimal(value)) Object.assign(value, { s: -1, e: 1, d: [(value as Decimal).d.pop(), 1] })
  else if (Array.isArray(value)) {
    value.forEach(spoil)
    value.unshift('spoilt')
    value.pop()
  } else {
    for (const key of Object.keys(value)) {
      spoil((value as Record<string, unknown>)[key])
      delete (value as Record<string, unknown>)[key]
    }
    Object.assign(value, { spoilt: true })
  }
}

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
    [
      'rows of a wide table',
      Array.from({ length: 20 }, (_, i) => ({ i, role: ['a', 'b', null][i % 3], at, no: null })),
    ],
    ['lists of lists', [{ a: [[1, 2], [], null, [3]] }, { a: null }, { a: [] }]],
    [
      'a relation that few rows have',
      [{ a: null }, { a: { at, b: { c: 1n } } }, { a: null }, { a: { at: null, b: null } }],
    ],
    [
      'rows with integers for names',
      [
        { 1: at, 0: 'a', b: 1 },
        { 1: null, 0: 'b', b: 2 },
      ],
    ],
    ['rows without fields', [{}, {}, {}]],
    ['rows with a field called __proto__', [1, 2, 3].map((i) => JSON.parse(`{"__proto__":${i},"a":${i}}`))],
    ['rows with a typed value under __proto__', [1n, 2n].map((value) => own('__proto__', value))],
    ['a typed value under __proto__', own('__proto__', at)],
    ['a typed value beside __proto__', { ...JSON.parse('{"__proto__":{"a":1}}'), at }],
    ['numbers of all kinds in a column', [1, -0, 2.5, Number.NaN, null, 2 ** 53, -1]],
    ['numbers that are far from each other', [2 ** 53 - 1, -(2 ** 53) + 1, 0, 2 ** 53 - 1]],
    [
      'numbers from one end to the other, whose difference is not exact',
      Array.from({ length: 62 }, (_, i) => (i < 31 ? 2 ** 53 - 1 - i : i - 2 ** 53 - 29)),
    ],
    ['bigints about the last exact number', [2n ** 53n, 2n ** 53n - 1n, 2n ** 53n + 1n, -(2n ** 53n), 0n]],
    ['dates of whole days', [0, 1, 5, 20_000].map((day) => new Date(day * 86_400_000))],
    ['the first and the last Date', [new Date(-8.64e15), new Date(8.64e15), new Date(-8.64e15), new Date(0)]],
    ['more different texts than a table has room for', Array.from({ length: 200 }, (_, i) => `text ${i % 58}`)],
    ['as many as it has room for', Array.from({ length: 200 }, (_, i) => `text ${i % 57}`)],
  ])('%s', (_, value) => {
    const payload = encode(value)
    expect(decode(payload, decimal)).toStrictEqual(value)
    expect(secondCopy(payload)).toStrictEqual(value)
  })

  it('JSON with the names of what every object has', () => {
    const text = '{"meta":{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":1}}'
    expect(JSON.stringify(trip(JSON.parse(text)))).toBe(text)
    expect(JSON.stringify(secondCopy(encode(JSON.parse(text))))).toBe(text)
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
    ['rows with JSON of many shapes', [{ meta: { a: 1 } }, { meta: { b: [1, { c: 2 }] } }, { meta: ['d'] }]],
    ['rows that disagree below', [{ a: { b: at } }, { a: { b: 1n } }]],
    ['one that disagrees among many', [...Array.from({ length: 50 }, () => ({ at })), { at: 1 }]],
  ])('in a list: %s', (_, value) => {
    expect(trip(value)).toStrictEqual(value)
    expect(secondCopy(encode(value))).toStrictEqual(value)
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
      fc.property(fc.oneof(value, fc.array(value, { minLength: 4, maxLength: 8 })), (value) => {
        const payload = encode(value)
        expect(decode(payload, decimal)).toStrictEqual(value)
        expect(secondCopy(payload)).toStrictEqual(value)
        expect(isNull(payload)).toBe(value === null)
        expect(encode(value, payload.length), 'what fits is not refused').toBe(payload)
      }),
      { seed: 1, numRuns: 1000 },
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
    ['rows with a column for their prototype', '[{"__proto__":0}]\n[1,[{"polluted":1}]]'],
    ['a bigint that is a word, among values that say what they are', '["*"]\n[["i","one"]]'],
    ['columns of different lengths', '[{"a":0,"b":0}]\n[2,[1,2],[1]]'],
    ['more rows than its columns have', '[{"a":0}]\n[1000000000,[1]]'],
    ['rows without columns', '[{}]\n[1000000000]'],
    ['a column too few', '[{"a":0,"b":0}]\n[1,[1]]'],
    ['a column too many', '[{"a":0}]\n[1,[1],[1]]'],
    ['rows that are no list', '[{"a":0}]\n{"0":1,"1":[1]}'],
    ['places of rows for others', '[{"a":0}]\n["0110",[1]]'],
    ['places of rows that are no places', '[{"a":0}]\n["021",[1]]'],
    ['lists for more elements than there are', '[[0]]\n[[2],[1]]'],
    ['lists for fewer elements than there are', '[[0]]\n[[0],[1]]'],
    ['a list of a negative size', '[[0]]\n[[2,-1],[1]]'],
    ['a list of half an element', '[[0]]\n[[0.5,0.5],[1]]'],
    ['a cell that is not in its table', '[0]\n{"t":["a"],"i":"#$"}'],
    ['a cell before its table', '[0]\n{"t":["a"],"i":"!"}'],
    ['a table with an object that rows would share', '[0]\n{"t":[{}],"i":"##"}'],
    ['steps that are texts', '[0]\n{"s":["1"],"m":1}'],
    ['steps of no unit', '[0]\n{"s":[1]}'],
    ['a column that is a text', '[0]\n"abc"'],
    ['an object where a value says what it is', '"*"\n{}'],
    ['a value that says nothing of itself', '"*"\n[]'],
    ['a value that is two', '"*"\n["i",1,2]'],
    ['a value of no kind', '"*"\n["z",1]'],
    ['an object with a name and no value', '"*"\n["{","a"]'],
    ['an object with a number for a name', '"*"\n["{",1,2]'],
    ['a list of no trees', '[]\n[[1]]'],
    [
      'a tree deeper than the stack',
      `${'['.repeat(100_000)}"d"${']'.repeat(100_000)}\n${'['.repeat(100_000)}1${']'.repeat(100_000)}`,
    ],
  ])('%s', (_, payload) => {
    expect(() => decode(payload, decimal)).toThrow(CodecError)
    expect(() => prepared(payload, decimal)()).toThrow(CodecError)
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
    '[{"__proto__":0}]\n[1,[{"polluted":1}]]',
    '"*"\n["{","__proto__",["{","polluted",1]]',
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

  it('with a character changed: a value of about its size, or a CodecError', () => {
    const rows = Array.from({ length: 12 }, (_, i) => ({
      id: i + 1000,
      at,
      role: 'ab'[i % 2],
      a: i % 3 ? { b: [at, null] } : null,
    }))
    const payload = encode({ rows, any: [1, 1n, at], big: 1n })
    expect(payload).toContain('{"s":')
    expect(payload).toContain('{"t":')
    fc.assert(
      fc.property(
        fc.nat({ max: payload.length - 1 }),
        fc.oneof(fc.integer({ min: 32, max: 126 }), fc.constantFrom(...Buffer.from('[]{},:"0123456789'))),
        (place, code) => {
          const damaged = payload.slice(0, place) + String.fromCharCode(code) + payload.slice(place + 1)
          for (const read of [decode, (text: string) => prepared(text, decimal)()]) {
            try {
              expect(JSON.stringify(read(damaged, decimal), bigintText)?.length ?? 0).toBeLessThan(20 * payload.length)
            } catch (error) {
              expect(error).toBeInstanceOf(CodecError)
            }
          }
        },
      ),
      { seed: 1, numRuns: 3000 },
    )
  })

  it('anything: a value or a CodecError, and nothing else happens', () => {
    const tree = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('d', 'D', 'i', 'b', 'B', 'n', 'z', null, 1, 0, '*'),
        fc.array(tie('tree'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', '#', '0', '__proto__', 'constructor', 'length'), tie('tree')),
      ),
    })).tree
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom<unknown>('1', 'x', 1, 2, null, 1e300, true, '#', '##', '{', '[', 'd', 'D'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 't', 'i', 's', 'm', '__proto__', 'constructor'), tie('value')),
      ),
    })).value
    fc.assert(
      fc.property(tree, value, (tree, value) => {
        const payload = `${JSON.stringify(tree)}\n${JSON.stringify(value)}`
        for (const read of [() => decode(payload, decimal), () => prepared(payload, decimal)()]) {
          try {
            read()
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError)
          }
        }
        expect(({} as { a?: unknown }).a).toBeUndefined()
      }),
      { seed: 1, numRuns: 2000 },
    )
  })
})

function own(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true, writable: true, configurable: true })
}

function bigintText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

describe('a value that is larger than it may be', () => {
  const tall = Array.from({ length: 3000 }, (_, i) => i)
  const wide = 'x'.repeat(100)
  /** The same rows with one column more, and how often it was looked at. */
  function counted(rows: readonly object[]) {
    const seen = { last: 0 }
    const get = () => {
      seen.last += 1
      return seen.last
    }
    for (const row of rows) Object.defineProperty(row, 'zz', { enumerable: true, get })
    return { rows, seen }
  }

  it.each<[string, (i: number) => object]>([
    ['text', (i) => ({ text: `${i} ${wide}` })],
    ['bytes', (i) => ({ bytes: Buffer.from(`${i} ${wide}`) })],
    ['Decimals', (i) => ({ price: new Decimal(`${i + 1}${'1'.repeat(100)}`) })],
    ['JSON of one form', (i) => ({ meta: { text: `${i} ${wide}` } })],
    ['JSON of many forms', (i) => ({ meta: i % 2 ? [`${i} ${wide}`] : { text: wide } })],
    ['values that disagree', (i) => ({ any: i % 2 ? `${i} ${wide}` : at })],
    ['lists', (i) => ({ list: [`${i} ${wide}`] })],
    ['rows of rows', (i) => ({ posts: [{ at, title: `${i} ${wide}` }] })],
  ])('rows with %s: is given up before the columns that come after', (_, rowOf) => {
    const { rows, seen } = counted(tall.map(rowOf))
    expect(() => encode(rows, 10_000)).toThrow(OversizeError)
    expect(seen.last).toBe(0)
  })

  it('more cells than characters: is given up before any column', () => {
    const { rows, seen } = counted(tall.map((i) => ({ i })))
    expect(() => encode(rows, 5999)).toThrow(OversizeError)
    expect(seen.last).toBe(0)
  })

  it.each<[string, object]>([
    ['text', { text: wide.repeat(1000) }],
    ['bytes', { bytes: new Uint8Array(100_000) }],
    ['a list of text', { list: tall.map((i) => `${i} ${wide}`) }],
    ['JSON', { meta: Object.fromEntries(tall.map((i) => [`key ${i}`, wide])) }],
  ])('one row with %s: is given up before the fields that come after', (_, row) => {
    const { rows, seen } = counted([row])
    expect(() => encode(rows[0], 10_000)).toThrow(OversizeError)
    expect(seen.last).toBe(0)
  })
})
