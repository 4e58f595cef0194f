import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Envelope, readEnvelope, writeEnvelope } from '../../../src/codec/envelope.ts'
import { Keyring } from '../../../src/codec/seal.ts'
import { CodecError } from '../../../src/errors.ts'

const [old, young] = [
  { id: 'old', key: randomBytes(32) },
  { id: 'young', key: randomBytes(32) },
]
const keyring = new Keyring([young, old])
const envelope: Envelope = {
  readAt: 1_767_323_045_678,
  freshForMs: 60_000,
  keptForMs: 90_000,
  tookMs: 3,
  check: '-',
  stamps: [
    { epoch: 'AAAAAAAAAAAA', clock: 1 },
    { epoch: 'BBBB-BBBB_BB', clock: 2 ** 32 - 2 },
  ],
  tags: ['0', 'Post?authorId=5&a1b2c3d4'],
  payload: '{"name":0}\n{"name":"Ada"}',
}

describe('a sealed payload', () => {
  it('is opened again, as it was, from the bytes of its entry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (payload, key) => {
        const sealed = readEnvelope(writeEnvelope(keyring.seal(key, { ...envelope, payload })))
        expect(keyring.open(key, sealed)).toBe(payload)
        expect({ ...sealed, payload: '' }).toEqual({ ...envelope, payload: '', sealedWith: 'young' })
      }),
    )
  })

  it('is another each time, and holds nothing of what was sealed', () => {
    const payloads = Array.from({ length: 100 }, () => keyring.seal('k', envelope).payload)
    expect(new Set(payloads).size).toBe(100)
    expect(new Set(payloads.map((payload) => payload.slice(0, 16))).size).toBe(100)
    for (const payload of payloads) expect(Buffer.from(payload, 'base64').toString('latin1')).not.toContain('Ada')
  })

  it('is sealed with the first key and opened with any', () => {
    const sealed = new Keyring([old]).seal('k', envelope)
    expect(sealed.sealedWith).toBe('old')
    expect(keyring.open('k', sealed)).toBe(envelope.payload)
    expect(keyring.seal('k', envelope).sealedWith).toBe('young')
    expect(() => new Keyring([old]).open('k', keyring.seal('k', envelope))).toThrow(/not among `encryption.keys`/)
  })
})

describe('what is not as it was sealed does not open:', () => {
  const sealed = keyring.seal('k', envelope)

  it.each<[string, Partial<Envelope>]>([
    ['when it was read', { readAt: envelope.readAt + 1 }],
    ['how long it is fresh', { freshForMs: 60_001 }],
    ['how long it is kept', { keptForMs: 90_001 }],
    ['how long its query took', { tookMs: 0 }],
    ['whose query it is', { check: 'other' }],
    ['its stamps', { stamps: [{ epoch: 'AAAAAAAAAAAA', clock: 2 }] }],
    ['the order of its stamps', { stamps: envelope.stamps.toReversed() }],
    ['its tags', { tags: ['1', 'Post?authorId=5&a1b2c3d4'] }],
    ['a list that is spelt alike', { stamps: [{ epoch: 'AAAAAAAAAAAA.1,BBBB-BBBB_BB', clock: 0 }], tags: [] }],
    ['its key', { sealedWith: 'old' }],
    ['no key', { sealedWith: undefined }],
    ['nothing', { payload: '' }],
    ['less than a nonce and a tag', { payload: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
    ['no base64', { payload: '%%%%' }],
  ])('%s', (_, other) => {
    expect(() => keyring.open('k', { ...sealed, ...other })).toThrow(CodecError)
  })

  it('the key of its entry', () => {
    expect(() => keyring.open('l', sealed)).toThrow(CodecError)
    expect(keyring.open('k', sealed)).toBe(envelope.payload)
  })

  it('any bit of it', () => {
    const bytes = Buffer.from(sealed.payload, 'base64')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const other = Buffer.from(bytes)
      other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => keyring.open('k', { ...sealed, payload: other.toString('base64') })).toThrow(CodecError)
    }
  })
})
