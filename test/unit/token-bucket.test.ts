import { expect, it } from 'vitest'
import { TokenBucket } from '../../src/token-bucket.ts'

it('gives so many, and as many again in each period', () => {
  let now = 0
  const bucket = new TokenBucket(3, 60_000, () => now)
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true])
  expect(bucket.take()).toBe(20_000)
  now += 19_999
  expect(bucket.take()).toBe(1)
  now += 1
  expect([bucket.take(), bucket.take()]).toEqual([true, 20_000])
  now += 600_000
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, 20_000])
})

it('a clock that is set back neither gives nor takes', () => {
  let now = 100_000
  const bucket = new TokenBucket(1, 1000, () => now)
  bucket.take()
  now = 0
  expect(bucket.take()).toBe(1000)
  now = 1000
  expect(bucket.take()).toBe(true)
})
