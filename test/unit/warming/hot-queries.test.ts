import { expect, it } from 'vitest'
import { HotQueries } from '../../../src/warming/hot-queries.ts'

const HOUR = 3_600_000
const hot =
  (ttlMs = HOUR) =>
  () => ({ model: 'Tag', operation: 'findMany', args: {}, cache: undefined, ttlMs })
const keys = (queries: HotQueries, now: number) => queries.due(now, 60_000, 2).map(({ key }) => key)

it('keeps as many queries as it may, and rather those that are asked often', () => {
  const queries = new HotQueries(3)
  for (let i = 0; i < 20; i += 1) queries.saw('hot', 1, i, hot())
  for (let i = 0; i < 15; i += 1) queries.saw(`cold ${i}`, 5, 100 + i, hot())
  expect(keys(queries, 200)).toContain('hot')
  expect(keys(queries, 200).length).toBeLessThanOrEqual(3)
})

it('gives way in the end to what is asked now, however often another one was asked before', () => {
  const queries = new HotQueries(3)
  for (let i = 0; i < 10_000; i += 1) queries.saw('once hot', 1, i, hot())
  for (let i = 0; i < 50; i += 1) queries.saw(`new ${i}`, 5, 10_000 + i, hot())
  expect(keys(queries, 10_100)).not.toContain('once hot')
})

it('forgets what it does not see for days', () => {
  const queries = new HotQueries(3)
  for (let i = 0; i < 20; i += 1) queries.saw('a', 1, 9 * HOUR, hot())
  expect(keys(queries, 9 * HOUR)).toEqual(['a'])
  expect(keys(queries, (3 * 24 + 9) * HOUR)).toEqual([])
})

it('puts first what is asked most, over the life of its result', () => {
  const queries = new HotQueries(10)
  for (let i = 0; i < 20; i += 1) queries.saw('short', 1, 0, hot(HOUR / 60))
  for (let i = 0; i < 5; i += 1) queries.saw('some', 1, 0, hot())
  for (let i = 0; i < 9; i += 1) queries.saw('more', 1, 0, hot())
  expect(keys(queries, 1)).toEqual(['more', 'some'])
})
