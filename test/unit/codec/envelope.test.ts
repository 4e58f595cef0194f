import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Envelope,
  MAX_HEADER,
  MAX_TAGS,
  readEnvelope,
  WIRE_VERSION,
  writeEnvelope,
} from '../../../src/codec/envelope.ts'
import { CodecError } from '../../../src/errors.ts'
import { newToken } from '../../../src/tags/tag-clocks.ts'

const envelope: Envelope = {
  readAt: 1_767_323_045_678,
  freshForMs: 60_000,
  keptForMs: 90_000,
  tookMs: 0,
  check: '-',
  stamps: [
    { epoch: 'AAAAAAAAAAAA', clock: 1 },
    { epoch: 'BBBB-BBBB_BB', clock: 2 ** 32 - 2 },
  ],
  tags: ['0', 'Post?authorId=5&a1b2c3d4'],
  payload: '{"a":"d"}\n{"a":0}',
}

describe('an envelope', () => {
  it('is one line of header, then the payload', () => {
    expect(writeEnvelope(envelope)).toBe(
      'qc6 mjwaidke 1aao 1xg0 - AAAAAAAAAAAA.1,BBBB-BBBB_BB.1z141z2 0,Post?authorId=5&a1b2c3d4 h\n{"a":"d"}\n{"a":0}',
    )
  })

  it('says how long the database took, where that was a millisecond', () => {
    expect(writeEnvelope({ ...envelope, tookMs: 12 })).toContain(' 1xg0+c - ')
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(
        fc.record({
          readAt: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
          freshForMs: fc.nat(),
          keptForMs: fc.nat(),
          tookMs: fc.nat(),
          check: fc.constantFrom('-', 'G8WDcbH4TvttcHMPBSU09ZHPBoOBXkT1g8EjhY35yMY', '_a-'),
          stamps: fc.array(
            fc.record({ epoch: fc.constant(null).map(newToken), clock: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
            { maxLength: 5 },
          ),
          tags: fc.array(fc.constantFrom('0', '12', 'Post', 'Post?*', 'Post:id=1', 'Post?authorId=5&a1b2c3d4'), {
            maxLength: 5,
          }),
          payload: fc.string({ unit: 'binary' }),
        }),
        (written) => {
          expect(readEnvelope(writeEnvelope(written))).toEqual(written)
        },
      ),
    )
  })

  it('may have times that grew for ten years', () => {
    const kept = { ...envelope, readAt: 2 ** 53 - 1, keptForMs: 2 * 315_360_000_000 }
    expect(readEnvelope(writeEnvelope(kept))).toEqual(kept)
  })
})

describe('bytes that are no envelope of this version', () => {
  const whole = writeEnvelope(envelope)

  it.each([
    ['nothing', ''],
    ['a line', 'hello'],
    ['lines', 'hello\nworld'],
    ['JSON', '{"id":1}\n'],
    ['an envelope of another version', whole.replace(WIRE_VERSION, 'qc4')],
    ['an envelope of a version that begins alike', whole.replace(WIRE_VERSION, 'qc60')],
    ['something before it', ` ${whole}`],
    ['a negative time', whole.replace('1aao', '-1')],
    ['a time that is no number', whole.replace('1aao', 'NaN')],
    ['a time that is no integer', whole.replace('1aao', '1.5')],
    ['a time beyond all numbers', whole.replace('1aao', '9'.repeat(400))],
    ['a part that is missing', whole.replace(' - ', ' ')],
    ['a part too many', whole.replace(' - ', ' - - ')],
    ['a Windows line end', whole.replace('\n', '\r\n')],
    ['no line end', whole.replaceAll('\n', ' ')],
    ['a payload that goes on', `${whole} `],
  ])('%s', (_, bytes) => {
    expect(() => readEnvelope(bytes)).toThrow(CodecError)
  })

  it('an envelope cut off anywhere', () => {
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => readEnvelope(whole.slice(0, length))).toThrow(CodecError)
    }
  })

  it('anything', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (bytes) => {
        try {
          readEnvelope(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError)
        }
      }),
    )
  })
})

describe('a header that asks for more than an entry may depend on', () => {
  const head = `${WIRE_VERSION} 1 1 1 G8WDcbH4TvttcHMP`
  it.each([
    ['200 000 stamps', `${head} ${Array(200_000).fill('AAAAAAAAAAAA.1').join()}  1\n1`],
    ['200 000 tags', `${head} A ${Array(200_000).fill('Post:id=1').join()} 1\n1`],
    ['a tag of a hundred million characters', `${head} A ${'x'.repeat(2 * MAX_HEADER)} 1\n1`],
  ])('%s: is refused', (_, bytes) => {
    expect(() => readEnvelope(bytes)).toThrow(CodecError)
  })

  it('is not written either', () => {
    const times = { readAt: 1, freshForMs: 1, keptForMs: 1, tookMs: 0, check: 'x', stamps: [], payload: '1' }
    const tags = Array<string>(MAX_TAGS).fill('Post:id=1')
    expect(readEnvelope(writeEnvelope({ ...times, tags })).tags).toHaveLength(MAX_TAGS)
    expect(() => writeEnvelope({ ...times, tags: [...tags, 'Post:id=1'] })).toThrow(CodecError)
  })
})
