import { beforeEach, describe, expect, it } from 'vitest'
import { naiveCache } from '../../bench/naive-cache.ts'
import { type Contestant, prepareProducts, raceFreely, raceSlowReads } from '../../bench/race.ts'
import { seededRandom } from '../../bench/random.ts'
import type { ClientOf } from '../support/clients.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { useProcesses } from './processes.ts'

/** The races in great number; `npx tsx bench/stale-race.ts` runs them by the ten thousand. */
describeCombinations('many races', (bed) => {
  const { start, plain } = useProcesses(bed)
  // Every transaction costs @libsql/client a file handle until it is collected.
  const tries = bed.provider === 'sqlite' ? 35 : 80
  const contestant = (process: 0 | 1): Contestant => {
    const { prisma, sql, settled } = start(process)
    return { prisma: prisma as unknown as ClientOf<Provider>, sql, settled }
  }
  beforeEach(() => prepareProducts(plain(), 3))

  it('of slow reads against writes of the same client: none lost', async () => {
    const one = contestant(0)
    const result = await raceSlowReads(one, one, tries)
    expect(result).toEqual({ tries, joined: 0, stale: 0, cached: tries })
  })

  it('of slow reads against writes of another client: none lost', async () => {
    const result = await raceSlowReads(contestant(0), contestant(1), tries)
    expect(result).toEqual({ tries, joined: 0, stale: 0, cached: tries })
  })

  if (bed.provider === 'postgresql') {
    it('where nobody waits for anybody: none lost', async () => {
      const result = await raceFreely([contestant(0), contestant(1)], 600, seededRandom(11))
      expect(result.stale).toBe(0)
      expect(result.writes).toBeGreaterThan(50)
    })
  }
})

describe('a cache that does not tie its fills to what was true', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'memory' })

  it('loses these races: they are worth running', async () => {
    const { prisma, sql } = await bed.open()
    await prepareProducts(prisma as ClientOf<Provider>, 3)
    const naive = { prisma: naiveCache(prisma as ClientOf<Provider>, new Map()), sql, settled: async () => {} }
    expect((await raceSlowReads(naive, naive, 35)).stale).toBeGreaterThan(30)
    await prisma.product.updateMany({ data: { stock: 0 } })
    expect((await raceFreely([naive], 300, seededRandom(11))).stale).toBeGreaterThan(0)
  })
})
