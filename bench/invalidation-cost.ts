/**
 * What a write costs more than without a cache, by the number of entries that depend on it.
 *
 *     npx tsx bench/invalidation-cost.ts [--writes 400] [--sizes 10,10000,200000]
 */
import { parseArgs } from 'node:util'
import * as built from '../src/index.ts'
import { withEnvironment } from './environment.ts'
import { invalidationCosts } from './invalidation/cost.ts'
import { reportInvalidation } from './invalidation/report.ts'

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '400' },
    sizes: { type: 'string', default: '10,10000,200000' },
  },
})
const sizes = values.sizes.split(',').map(Number)

await withEnvironment('sqlite', async (environment) => {
  const { prisma: plain } = await environment.open()
  await plain.user.create({ data: { email: 'ada@example.test' } })
  for (const store of ['memory', 'redis'] as const) {
    reportInvalidation(store, await invalidationCosts(built, plain, store, sizes, Number(values.writes)))
  }
})
