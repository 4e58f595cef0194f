/**
 * What encryption adds to a fill and to a hit, by the size of the result: sealing, opening, and hits from the process.
 *
 *     npx tsx bench/encryption.ts
 */
import { randomBytes } from 'node:crypto'
import { type Envelope, readEnvelope, writeEnvelope } from '../src/codec/envelope.ts'
import { Keyring } from '../src/codec/seal.ts'
import { encode } from '../src/codec/typed-json.ts'
import { digest } from '../src/read/cache-key.ts'
import { keyedDigest } from '../src/tags/keyed-digest.ts'

const keyring = new Keyring([{ id: '2026', key: randomBytes(32) }])
const keyed = keyedDigest(randomBytes(32), 'query')
const key = 'prisma:query:User:findMany:G8WDcbH4TvttcHMPBSU09ZHPBoOBXkT1g8EjhY35yMY'
const row = (id: number) => ({
  id,
  email: `user${id}@example.test`,
  name: `User ${id}`,
  role: id % 3 ? 'USER' : 'ADMIN',
  balance: id / 4,
  createdAt: new Date(1_700_000_000_000 + id * 60_000),
})
const values = {
  'one row': row(1),
  '100 rows': Array.from({ length: 100 }, (_, i) => row(i)),
  '1000 rows': Array.from({ length: 1000 }, (_, i) => row(i)),
}

/** The least mean of nine rounds, µs of CPU. */
function cpu(run: () => unknown, times: number): number {
  const rounds = Array.from({ length: 9 }, () => {
    const { user, system } = process.cpuUsage()
    for (let i = 0; i < times; i += 1) run()
    const after = process.cpuUsage()
    return (after.user - user + after.system - system) / times
  })
  return Math.min(...rounds)
}

const rows = Object.entries(values).map(([name, value]) => {
  const envelope: Envelope = {
    readAt: 1_700_000_000_000,
    freshForMs: 60_000,
    keptForMs: 60_000,
    tookMs: 3,
    check: '-',
    stamps: ['AAAAAAAAAAAA', 'BBBBBBBBBBBB', 'CCCCCCCCCCCC'].map((epoch) => ({ epoch, clock: 7 })),
    tags: [],
    payload: encode(value),
  }
  const sealed = keyring.seal(key, envelope)
  const [plainBytes, sealedBytes] = [writeEnvelope(envelope), writeEnvelope(sealed)]
  const times = name === '1000 rows' ? 300 : 3000
  const figure = (run: () => unknown) => cpu(run, times).toFixed(1)
  return {
    result: name,
    'bytes, plain': plainBytes.length,
    'bytes, sealed': sealedBytes.length,
    'seal µs': figure(() => keyring.seal(key, envelope)),
    'open µs': figure(() => keyring.open(key, readEnvelope(sealedBytes))),
    'read header alone µs': figure(() => readEnvelope(plainBytes)),
  }
})
console.table(rows)
const text = encode(row(1)).repeat(2)
console.table([
  { 'digest µs': cpu(() => digest(text), 3000).toFixed(1), 'keyed digest µs': cpu(() => keyed(text), 3000).toFixed(1) },
])
