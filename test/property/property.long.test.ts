import { describe, expect, it } from 'vitest'
import { type Combination, combinations, onMariadb } from '../support/matrix.ts'
import { describeRandomRuns, print } from './suite.ts'

// `npm run property -- --steps N --seed S --path P --store K --database D` sets them; steps are those of all combinations together.
const STEPS = Number(process.env['PROPERTY_STEPS'] ?? 28_000)
const SEED = Number(process.env['PROPERTY_SEED'] ?? 1)
const PATH = process.env['PROPERTY_PATH']
const STORE = process.env['PROPERTY_STORE']
const DATABASE = process.env['PROPERTY_DATABASE']
const SHRINKING_MS = Number(process.env['PROPERTY_SHRINK_MS'] ?? 60_000)
const CLUSTER: Combination = { provider: 'postgresql', generator: 'ts', store: 'cluster' }
const chosen = [...combinations, CLUSTER, ...onMariadb].filter(
  ({ provider, store }) =>
    (STORE === undefined || store === STORE) && (DATABASE === undefined || provider === DATABASE),
)
/** The slowest take fewer steps, unless they are asked for alone. */
const shareOf = ({ store, provider }: Combination) =>
  (store === 'cluster' && STORE === undefined) || (provider === 'mysql' && DATABASE === undefined) ? 0.2 : 1
const shares = chosen.reduce((sum, one) => sum + shareOf(one), 0)

const total = describeRandomRuns({
  combinations: chosen,
  stepsOf: (combination) => (STEPS * shareOf(combination)) / shares,
  seed: SEED,
  path: PATH,
  shrinkingMs: SHRINKING_MS,
})

describe('the random runs, all together', () => {
  it('met every operation', ({ skip }) => {
    if (PATH || STORE || DATABASE || STEPS < 28_000) skip('too few steps to meet them all')
    print(`all together: ${total}\n${total.details()}`)
    expect(EVERYTHING.filter((what) => !total.seen.has(what))).toEqual([])
  })
})

const READS = 'findUnique findUniqueOrThrow findFirst findFirstOrThrow findMany count aggregate groupBy'
const WRITES = 'create createMany createManyAndReturn update updateMany updateManyAndReturn upsert delete deleteMany'
const NESTED = 'create createMany connect connectOrCreate disconnect set update updateMany upsert delete deleteMany'
const EVERYTHING = [
  ...READS.split(' ').map((operation) => `hit ${operation}`),
  ...['findUnique.…', 'findFirst.…', 'raw tagged', 'raw unsafe', 'raw typed'].map((form) => `hit ${form}`),
  ...WRITES.split(' ').map((operation) => `done ${operation}`),
  ...['raw tagged', 'raw unsafe', 'raw query'].map((form) => `done ${form}`),
  ...NESTED.split(' ').map((operation) => `done nested ${operation}`),
  ...['batch', 'transaction', 'transaction rolled back', 'savepoint', 'savepoint rolled back'].map(
    (end) => `done ${end}`,
  ),
  ...['read', 'race', 'foreign write', 'invalidate', 'clear'].map((kind) => `step ${kind}`),
  ...['P2002', 'P2003', 'P2025'].map((code) => `refused ${code}`),
]
