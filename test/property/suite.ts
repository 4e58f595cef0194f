import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Combination, describeCombinations, type StoreKind } from '../support/matrix.ts'
import { Figures } from './figures.ts'
import { show } from './outcome.ts'
import { Mismatch, play } from './play.ts'
import { PANEL_SIZE, type Scenario, STEPS_PER_RUN, scenarios } from './scenario.ts'
import { shrink } from './shrink.ts'
import { Grammar } from './values.ts'
import { openWorld, type World } from './world.ts'

export interface PropertyRun {
  readonly combinations: readonly Combination[]
  /** How many steps one combination takes. */
  readonly stepsOf: (combination: Combination) => number
  readonly seed: number
  /** Where a failed run stands in the sequence of its seed: play this one alone. */
  readonly path?: string | undefined
  /** How long a failed run may be shortened, in milliseconds. @default 60000 */
  readonly shrinkingMs?: number
}

/** Plays random runs in each combination and adds their figures to the total that it returns. */
export function describeRandomRuns(run: PropertyRun): Figures {
  const { combinations, stepsOf, seed, path, shrinkingMs = 60_000 } = run
  const total = new Figures()
  const runsOf = (combination: Combination) =>
    path ? 1 : Math.ceil(stepsOf(combination) / ((STEPS_PER_RUN + 1) * PANEL_SIZE))

  describeCombinations(
    'a cached client',
    (bed) => {
      const figures = new Figures()
      let world: World
      beforeAll(async () => {
        world = await openWorld(bed)
      })
      afterAll(async () => {
        await world?.close()
        total.add(figures)
        print(`${bed.provider}, client-${bed.generator}, ${bed.store}, seed ${seed}: ${figures}`)
      })

      it('answers as a plain client does, after every step of random runs', {
        timeout: shrinkingMs + 60_000 + 100 * stepsOf(bed),
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
            seed: { redis: seed, memory: -seed, cluster: seed + 1_000_000_007 }[bed.store],
            numRuns: runsOf(bed),
            endOnFailure: true,
            ...(path && { path }),
          },
        )
        if (failed) {
          // Cut too far, a scenario may make no sense to the player itself.
          const again = (smaller: Scenario) => replay(smaller).catch(() => undefined)
          const { scenario, mismatch } = await shrink(failed.scenario, failed.mismatch, again, Date.now() + shrinkingMs)
          throw new Error(
            report(scenario, mismatch, { ...run, path: details.counterexamplePath ?? undefined }, bed.store),
          )
        }
        if (details.failed) throw details.errorInstance
      })

      it('answered many of them from the cache, and right where a step had changed the answer', ({ skip }) => {
        if (path) skip('one run alone')
        expect(figures.steps).toBeGreaterThanOrEqual(stepsOf(bed))
        expect(figures.mismatches).toBe(0)
        // Half of what a good day shows: less means that reads bypass the cache, or that writes change nothing.
        expect(figures.hits / figures.reads).toBeGreaterThan(0.3)
        expect(figures.againHits / figures.again).toBeGreaterThan(0.5)
        expect(figures.changed / figures.reads).toBeGreaterThan(0.01)
        expect(figures.survived).toBeGreaterThan(0)
      })
    },
    combinations,
  )
  return total
}

function report(scenario: Scenario, mismatch: Mismatch, { seed, path }: PropertyRun, store: StoreKind): string {
  const { steps } = scenario
  return [
    `${mismatch.kind}, found by: npm run property -- --seed ${seed} --path ${path} --store ${store}`,
    ...steps.map((step, i) => `${i}. ${show(step)}`),
    `after ${mismatch.step < 0 ? 'nothing at all' : `step ${mismatch.step}`}:`,
    mismatch.message,
  ].join('\n')
}

export function print(text: string): void {
  process.stdout.write(`\n${text}\n`)
}
