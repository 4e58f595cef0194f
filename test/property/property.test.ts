import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Combination,
  combinations,
  describeCombinations,
  type StoreKind,
  type TestBed,
} from '../support/matrix.ts'
import { Figures } from './figures.ts'
import { show } from './outcome.ts'
import { Mismatch, play } from './play.ts'
import { PANEL_SIZE, type Scenario, STEPS_PER_RUN, scenarios } from './scenario.ts'
import { shrink } from './shrink.ts'
import { Grammar } from './values.ts'
import { openWorld, type World } from './world.ts'

// `npm run property -- --steps N --seed S --path P --store K` sets them; steps are those of all combinations together.
const STEPS = Number(process.env['PROPERTY_STEPS'] ?? 28_000)
const SEED = Number(process.env['PROPERTY_SEED'] ?? 1)
const PATH = process.env['PROPERTY_PATH']
const SHRINKING_MS = Number(process.env['PROPERTY_SHRINK_MS'] ?? 60_000)
const STORE = process.env['PROPERTY_STORE']
/** The slowest, hence fewer steps; asked for alone, it gets all of them. */
const CLUSTER: Combination = { provider: 'postgresql', generator: 'ts', store: 'cluster' }
const chosen = [...combinations, CLUSTER].filter(({ store }) => STORE === undefined || store === STORE)
const shareOf = ({ store }: Combination) => (store === 'cluster' && STORE === undefined ? 0.2 : 1)
const shares = chosen.reduce((sum, one) => sum + shareOf(one), 0)
const stepsOf = (combination: Combination) => (STEPS * shareOf(combination)) / shares
const runsOf = (combination: Combination) =>
  PATH ? 1 : Math.ceil(stepsOf(combination) / ((STEPS_PER_RUN + 1) * PANEL_SIZE))

const total = new Figures()

const describeChosen = (title: string, body: (bed: TestBed) => void) => describeCombinations(title, body, chosen)

describeChosen('a cached client', (bed) => {
  const figures = new Figures()
  let world: World
  beforeAll(async () => {
    world = await openWorld(bed)
  })
  afterAll(async () => {
    await world?.close()
    total.add(figures)
    print(`${bed.provider}, client-${bed.generator}, ${bed.store}, seed ${SEED}: ${figures}`)
  })

  it('answers as a plain client does, after every step of random runs', {
    timeout: SHRINKING_MS + 60_000 + 20 * STEPS,
  }, async () => {
    const replay = async (scenario: Scenario, counting = new Figures()) => {
      try {
        await play(world, scenario, counting)
      } catch (error) {
        if (error instanceof Mismatch) return error
        throw error
      }
      return undefined
    }
    let failed: { scenario: Scenario; mismatch: Mismatch } | undefined
    const details = await fc.check(
      fc.asyncProperty(scenarios(new Grammar(bed.provider)), async (scenario) => {
        const mismatch = await replay(scenario, figures)
        if (mismatch) failed = { scenario, mismatch }
        return !mismatch
      }),
      // The combinations of one provider know the same steps; each is to have its own.
      {
        seed: { redis: SEED, memory: -SEED, cluster: SEED + 1_000_000_007 }[bed.store],
        numRuns: runsOf(bed),
        endOnFailure: true,
        ...(PATH && { path: PATH }),
      },
    )
    if (failed) {
      // Cut too far, a scenario may make no sense to the player itself.
      const again = (smaller: Scenario) => replay(smaller).catch(() => undefined)
      const { scenario, mismatch } = await shrink(failed.scenario, failed.mismatch, again, Date.now() + SHRINKING_MS)
      throw new Error(report(scenario, mismatch, details.counterexamplePath, bed.store))
    }
    if (details.failed) throw details.errorInstance
  })

  it('answered many of them from the cache, and right where a step had changed the answer', ({ skip }) => {
    if (PATH) skip('one run alone')
    expect(figures.steps).toBeGreaterThanOrEqual(stepsOf(bed))
    expect(figures.mismatches).toBe(0)
    // Half of what a good day shows: less means that reads bypass the cache, or that writes change nothing.
    expect(figures.hits / figures.reads).toBeGreaterThan(0.3)
    expect(figures.againHits / figures.again).toBeGreaterThan(0.5)
    expect(figures.changed / figures.reads).toBeGreaterThan(0.01)
    expect(figures.survived).toBeGreaterThan(0)
  })
})

describe('the random runs, all together', () => {
  it('met every operation', ({ skip }) => {
    if (PATH || STORE || STEPS < 28_000) skip('too few steps to meet them all')
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

function report(scenario: Scenario, mismatch: Mismatch, path: string | null, store: StoreKind): string {
  const { steps } = scenario
  return [
    `${mismatch.kind}, found by: npm run property -- --seed ${SEED} --path ${path} --store ${store}`,
    ...steps.map((step, i) => `${i}. ${show(step)}`),
    `after ${mismatch.step < 0 ? 'nothing at all' : `step ${mismatch.step}`}:`,
    mismatch.message,
  ].join('\n')
}

function print(text: string): void {
  process.stdout.write(`\n${text}\n`)
}
