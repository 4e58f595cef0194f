import { describe, expect, it } from 'vitest'
import { InfoScopes } from '../../../src/control/cache-info.ts'
import { type CacheEvent, EventHub } from '../../../src/events.ts'

const hub = new EventHub()
const scopes = new InfoScopes(hub)

/** A read that reaches the cache after a while, as they do. */
async function read(operation: string, type: CacheEvent['type'] = 'bypass'): Promise<string> {
  await undefined
  hub.emit({ type, model: 'User', operation, reason: 'not-enabled' } as CacheEvent)
  return operation
}
const operations = (reads: readonly { readonly operation: string }[]) => reads.map(({ operation }) => operation)

describe('a scope', () => {
  it('collects what happened to the reads made in it, and gives back what it ran', async () => {
    const { data, reads } = await scopes.collect(async () => [await read('findMany'), await read('count')])
    expect(data).toEqual(['findMany', 'count'])
    expect(reads).toEqual([
      { status: 'bypass', model: 'User', operation: 'findMany', reason: 'not-enabled' },
      { status: 'bypass', model: 'User', operation: 'count', reason: 'not-enabled' },
    ])
  })

  it('collects the reads of its own, not of others at the same time', async () => {
    const [first, second] = await Promise.all([
      scopes.collect(() => read('findMany')),
      scopes.collect(async () => [await read('count'), await read('aggregate')]),
      read('groupBy'),
    ])
    expect(operations(first.reads)).toEqual(['findMany'])
    expect(operations(second.reads)).toEqual(['count', 'aggregate'])
  })

  it('collects reads only', async () => {
    const { reads } = await scopes.collect(async () => {
      for (const type of ['fill', 'fill-skipped', 'invalidate', 'error'] as const) await read('x', type)
      for (const type of ['hit', 'stale', 'miss'] as const) await read('findMany', type)
    })
    expect(reads.map(({ status }) => status)).toEqual(['hit', 'stale', 'miss'])
  })

  it('of a scope hears what happens in both', async () => {
    const outer = await scopes.collect(async () => {
      await read('findMany')
      const inner = await scopes.collect(() => read('count'))
      expect(operations(inner.reads)).toEqual(['count'])
    })
    expect(operations(outer.reads)).toEqual(['findMany', 'count'])
  })

  it('may run what is not asynchronous, and what fails', async () => {
    expect(await scopes.collect(() => 5)).toEqual({ data: 5, reads: [] })
    const failing = scopes.collect(() => {
      throw new Error('mine')
    })
    await expect(failing).rejects.toThrow('mine')
  })
})
