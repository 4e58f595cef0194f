import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Decimal } from '@prisma/client/runtime/client'
import { describe, expect, it } from 'vitest'
import { readEnvelope, WIRE_VERSION, writeEnvelope } from '../src/codec/envelope.ts'
import { decode, encode, prepared } from '../src/codec/typed-json.ts'
import { CodecError } from '../src/errors.ts'
import { wireEnvelope, wireKey, wireKeyring, wireValues } from './support/wire-values.ts'

/**
 * Entries outlive the process that wrote them: what they looked like is kept in `test/fixtures/codec`, a file an entry,
 * `<version>-<value>.txt`. Never change these files. A change of the layout takes another `WIRE_VERSION` and files of
 * its own (`npx tsx scripts/wire-fixtures.ts` writes those of the present version); the old ones stay, to be refused.
 */
const folder = fileURLToPath(new URL('./fixtures/codec/', import.meta.url))
const files = readdirSync(folder)
const bytesOf = (file: string) => readFileSync(`${folder}${file}`, 'utf8')
const decimal = (text: string) => new Decimal(text)

describe(`entries of ${WIRE_VERSION}`, () => {
  it.each(Object.entries(wireValues))('%s: is written as it was, and read back', (name, value) => {
    const bytes = bytesOf(`${WIRE_VERSION}-${name}.txt`)
    expect(writeEnvelope({ ...wireEnvelope, payload: encode(value) })).toBe(bytes)
    const { payload, ...envelope } = readEnvelope(bytes)
    expect(envelope).toEqual(wireEnvelope)
    expect(decode(payload, decimal)).toStrictEqual(value)
    expect(prepared(payload, decimal)()).toStrictEqual(value)
  })

  it('sealed: is opened under the key it was stored by, by whoever has the key it was sealed with', () => {
    const envelope = readEnvelope(bytesOf(`${WIRE_VERSION}-sealed.txt`))
    expect(envelope).toMatchObject({ ...wireEnvelope, sealedWith: 'fixture' })
    expect(decode(wireKeyring.open(wireKey, envelope), decimal)).toStrictEqual(wireValues['row'])
  })
})

describe('entries of other versions', () => {
  const others = files.filter((file) => !file.startsWith(`${WIRE_VERSION}-`))

  it('of each there is one', () => {
    const number = Number(WIRE_VERSION.slice(2))
    const versions = new Set(others.map((file) => file.split('-')[0]))
    expect([...versions].sort()).toEqual(Array.from({ length: number - 1 }, (_, i) => `qc${i + 1}`))
  })

  it.each(others)('%s is refused', (file) => {
    expect(() => readEnvelope(bytesOf(file))).toThrow(CodecError)
  })
})
