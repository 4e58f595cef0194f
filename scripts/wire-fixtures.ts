/**
 * Writes the entries of the present wire version to `test/fixtures/codec`, once: files that are there are left alone,
 * since what was written under a version is what that version is.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Envelope, WIRE_VERSION, writeEnvelope } from '../src/codec/envelope.ts'
import { encode } from '../src/codec/typed-json.ts'
import { wireEnvelope, wireKey, wireKeyring, wireValues } from '../test/support/wire-values.ts'

const folder = fileURLToPath(new URL('../test/fixtures/codec/', import.meta.url))
mkdirSync(folder, { recursive: true })
for (const [name, value] of Object.entries(wireValues)) keep(name, { ...wireEnvelope, payload: encode(value) })
keep('sealed', wireKeyring.seal(wireKey, { ...wireEnvelope, payload: encode(wireValues['row']) }))

function keep(name: string, envelope: Envelope): void {
  const file = `${folder}${WIRE_VERSION}-${name}.txt`
  if (existsSync(file)) console.log(`kept ${file}`)
  else writeFileSync(file, writeEnvelope(envelope))
}
