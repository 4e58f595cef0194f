import { expect, it } from 'vitest'
import type { CacheInfo } from '../../../src/control/cache-info.ts'
import { readsTogether } from '../../../src/http/cache-status.ts'

const about = { model: 'User', operation: 'count', key: 'k', tags: [] } as const
const one: Record<'hit' | 'stale' | 'miss' | 'bypass', CacheInfo> = {
  hit: { status: 'hit', ...about, tier: 'near', ageMs: 7000, freshForMs: 3000 },
  stale: { status: 'stale', ...about, tier: 'far', ageMs: 9000, freshForMs: 0 },
  miss: { status: 'miss', ...about, cause: 'absent', coalesced: false, freshForMs: 5000 },
  bypass: { status: 'bypass', model: 'User', operation: 'count', reason: 'not-enabled' },
}

it.each<[string, (keyof typeof one)[], ReturnType<typeof readsTogether>]>([
  ['nothing', [], undefined],
  ['hits', ['hit', 'hit'], { status: 'HIT', ageMs: 7000, freshForMs: 3000 }],
  ['a hit and a miss', ['hit', 'miss'], { status: 'MISS', ageMs: 7000, freshForMs: 3000 }],
  ['a miss', ['miss'], { status: 'MISS', ageMs: undefined, freshForMs: 5000 }],
  ['a hit and a bypass', ['hit', 'bypass'], { status: 'BYPASS', ageMs: 7000, freshForMs: 0 }],
  ['a miss and a bypass', ['bypass', 'miss'], { status: 'MISS', ageMs: undefined, freshForMs: 0 }],
  ['all', ['hit', 'miss', 'bypass', 'stale'], { status: 'STALE', ageMs: 9000, freshForMs: 0 }],
])('reads together: %s', (_, reads, expected) => {
  expect(readsTogether(reads.map((name) => one[name]))).toEqual(expected)
})
