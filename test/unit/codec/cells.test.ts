import { Decimal } from '@prisma/client/runtime/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, prepared } from '../../../src/codec/typed-json.ts'
import { CodecError } from '../../../src/errors.ts'

/** Counts what is made, and how long it is: the work that a payload asks for, whatever the machine. */
function meter() {
  const made = { decimals: 0, characters: 0 }
  const decimal = (text: string) => {
    made.decimals += 1
    made.characters += text.length
    return new Decimal(text)
  }
  return { made, decimal }
}

/** Bytes of a value, about: a text or a bigint, which rows share, counts as the reference to it. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string' || typeof value === 'bigint') return 8
  if (value instanceof Uint8Array) return value.length
  if (Decimal.isDecimal(value)) return (value as Decimal).d.length * 7
  if (Array.isArray(value)) return value.reduce<number>((sum, one) => sum + sizeOf(one) + 1, 1)
  if (typeof value !== 'object' || value === null || value instanceof Date) return 8
  return Object.values(value).reduce<number>((sum, one) => sum + sizeOf(one) + 1, 1)
}

const table = (rows: number, cell: string) => `{"t":[${JSON.stringify(cell)}],"i":"${'#'.repeat(rows)}"}`
const columnOf = (kind: string, cell: string, rows = 5000) => `[{"a":"${kind}"}]\n[${rows},${table(rows, cell)}]`

describe('a payload that asks for more than it has', () => {
  it.each([
    ['a bigint of 20 000 digits', columnOf('i', '9'.repeat(20_000))],
    ['a Decimal of 20 000 digits', `D${columnOf('D', '9'.repeat(20_000))}`],
    ['a Decimal in hexadecimal', `D${columnOf('D', `0x${'f'.repeat(500)}`)}`],
    ['one of them alone', `"i"\n"${'9'.repeat(20_000)}"`],
    ['one of them, among values that say what they are', `["*"]\n[["i","${'9'.repeat(20_000)}"]]`],
    ['bytes that every row copies', columnOf('b', 'A'.repeat(20_000))],
    ['buffers that every row copies', columnOf('B', 'A'.repeat(20_000))],
    [
      'a text that rows share, of a hundred million characters together',
      columnOf('0', 'A'.repeat(20_000)).replace('"0"', '0'),
    ],
    [
      'a table with more places than there are characters for',
      `[0]\n{"t":[${Array(1000).fill('1').join()}],"i":"####"}`,
    ],
    ['lists 10 000 deep', `\n${'['.repeat(10_000)}${']'.repeat(10_000)}`],
    ['objects 10 000 deep', `\n${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`],
    ['lists 10 000 deep, in a column', `[{"a":0}]\n[1,[${'['.repeat(10_000)}${']'.repeat(10_000)}]]`],
    ['lists 10 000 deep that say what they are', `"*"\n${'["[",'.repeat(10_000)}1${']'.repeat(10_000)}`],
    [
      'lists 10 000 deep behind a text with brackets',
      `\n["\\"]]]]","\\\\",${'['.repeat(10_000)}${']'.repeat(10_000)}]`,
    ],
    ['a shape 10 000 deep', `${'['.repeat(10_000)}0${']'.repeat(10_000)}\n1`],
  ])('%s: is refused', (_, payload) => {
    const { made, decimal } = meter()
    expect(() => decode(payload, decimal)).toThrow(CodecError)
    expect(() => prepared(payload, decimal)()).toThrow(CodecError)
    expect(made.characters).toBeLessThan(payload.length)
  })

  it('makes each value of a table once, however many rows point to it', () => {
    const payload = `D${columnOf('D', '123.45')}`
    for (const read of [decode, (text: string, decimal: (text: string) => unknown) => prepared(text, decimal)()]) {
      const { made, decimal } = meter()
      const rows = read(payload, decimal) as { a: Decimal }[]
      expect(rows).toHaveLength(5000)
      expect(rows[4999]?.a).toStrictEqual(new Decimal('123.45'))
      expect(rows[4999]?.a).not.toBe(rows[0]?.a)
      expect(made.decimals).toBe(1)
    }
  })

  it('whatever it is: takes work and room in proportion to its length, or is refused', () => {
    const cell = fc.oneof(
      fc.constantFrom(null, 0, 1, -1, 1e300, true, '', '1', '-0', 'NaN'),
      fc.integer({ min: 1, max: 3000 }).map((length) => '9'.repeat(length)),
      fc.integer({ min: 1, max: 3000 }).map((length) => 'A'.repeat(length)),
    )
    const cells = fc.oneof(
      fc.array(cell, { maxLength: 20 }),
      fc.tuple(fc.array(cell, { minLength: 1, maxLength: 3 }), fc.integer({ min: 0, max: 3000 })).map(([t, rows]) => ({
        t,
        i: Array.from({ length: rows }, (_, i) => String.fromCharCode(35 + (i % t.length))).join(''),
      })),
      fc.record({
        s: fc.array(fc.oneof(fc.integer(), fc.constant(null)), { maxLength: 20 }),
        m: fc.constantFrom(1, 1000, 1e308),
      }),
    )
    const kind = fc.constantFrom<unknown>(0, '*', 'd', 'D', 'i', 'b', 'B', 'n')
    // A shape, and a body that may or may not be of its form.
    const { place } = fc.letrec<{ place: [unknown, unknown] }>((tie) => ({
      place: fc.oneof(
        { maxDepth: 4 },
        fc.tuple(kind, cells as fc.Arbitrary<unknown>),
        tie('place').map(([shape, body]): [unknown, unknown] => [[shape], [[sizeIn(body)], body]]),
        tie('place').map(([shape, body]): [unknown, unknown] => [{ a: shape }, [sizeIn(body), body]]),
        fc
          .tuple(tie('place'), tie('place'))
          .map(([[a, x], [b, y]]): [unknown, unknown] => [{ a, b }, [sizeIn(x), x, y]]),
      ),
    }))
    fc.assert(
      fc.property(place, fc.boolean(), ([shape, body], isList) => {
        const payload = `${JSON.stringify(isList ? [shape] : shape)}\n${JSON.stringify(body)}`
        for (const read of [decode, (text: string, decimal: (text: string) => unknown) => prepared(text, decimal)()]) {
          const { made, decimal } = meter()
          try {
            const value = read(payload, decimal)
            // A column may always have 64 KiB, and there are sixteen at most.
            expect(sizeOf(value)).toBeLessThan(16 * 64 * 1024 + 100 * payload.length)
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError)
          }
          expect(made.characters).toBeLessThanOrEqual(payload.length)
        }
      }),
      { numRuns: 500, seed: 7 },
    )
  })

  /** How many values a body seems to have. */
  function sizeIn(body: unknown): unknown {
    if (Array.isArray(body)) return typeof body[0] === 'number' && Array.isArray(body[1]) ? body[0] : body.length
    const { i, s } = body as { i?: string; s?: unknown[] }
    return i?.length ?? s?.length
  }
})

describe('what we write is never refused', () => {
  it.each<[string, unknown]>([
    ['the same bytes in many rows', Array.from({ length: 40 }, () => ({ photo: new Uint8Array(2000).fill(7) }))],
    ['the same Decimal in many rows', Array.from({ length: 90 }, () => ({ price: new Decimal('9'.repeat(900)) }))],
    ['the same text in many rows', Array.from({ length: 500 }, () => ({ bio: 'x'.repeat(10_000) }))],
    ['a bigint of as many digits as are stored', 10n ** 999n],
    ['JSON as deep as is stored', JSON.parse(`${'[{"a":'.repeat(95)}1${'}]'.repeat(95)}`)],
    [
      'rows with JSON as deep',
      [1n, 2].map((x) => ({ x, meta: JSON.parse(`${'[{"a":'.repeat(90)}1${'}]'.repeat(90)}`) })),
    ],
    ['lists of lists as deep, that say what they are', nested(190, 1n)],
  ])('%s', (_, value) => {
    const payload = encode(value)
    expect(decode(payload, (text) => new Decimal(text))).toStrictEqual(value)
    expect(prepared(payload, (text) => new Decimal(text))()).toStrictEqual(value)
  })

  it('but a number with more digits than anybody stores is not written', () => {
    for (const value of [10n ** 1000n, new Decimal('9'.repeat(1001))]) expect(() => encode([value])).toThrow(CodecError)
  })
})

function nested(depth: number, value: unknown): unknown {
  return depth === 0 ? value : [nested(depth - 1, value), null]
}
