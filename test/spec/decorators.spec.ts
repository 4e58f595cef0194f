import { readFileSync } from 'node:fs'
import ts from 'typescript'
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type CacheControl, Cached, type CacheEvent, createCache, Invalidates, memoryStore } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import type { decorated } from './decorated-users.ts'

const source = readFileSync(new URL('./decorated-users.ts', import.meta.url), 'utf8')

async function compiled(experimentalDecorators: boolean): Promise<typeof decorated> {
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ES2022, experimentalDecorators }
  const { outputText } = ts.transpileModule(source, { compilerOptions })
  const module = await import(`data:text/javascript;base64,${Buffer.from(outputText).toString('base64')}`)
  return module.decorated
}

const combinations = [
  ['of ECMAScript', false, 'memory'],
  ['of ECMAScript', false, 'redis'],
  ['with `experimentalDecorators`', true, 'memory'],
] as const

describe.each(combinations)('decorators %s (%s, %s)', (_, isLegacy, store) => {
  const caches: CacheControl[] = []
  let cache: CacheControl
  let events: CacheEvent[]
  let Users: ReturnType<typeof decorated>
  beforeEach(async () => {
    const where =
      store === 'memory' ? { store: memoryStore({ maxEntries: 100 }) } : { redis: inject('servers').redisUrl }
    const prefix = freshNamespace()
    cache = createCache({ configFile: false, ...where, prefix, breaker: { quarantineMs: 0 }, timeoutMs: 20_000 })
    caches.push(cache)
    events = []
    cache.on('*', (event) => events.push(event))
    Users = (await compiled(isLegacy))({ Cached, Invalidates }, cache)
  })
  afterAll(async () => {
    await Promise.all(caches.map((one) => one.disconnect()))
  })

  it('keep what methods resolve to, whose `this` is their own', async () => {
    const users = new Users()
    expect([await users.find(1), await users.find(1), await users.find(2), await users.find(9)]).toEqual([
      'ada',
      'ada',
      'bob',
      null,
    ])
    expect(users.loads).toBe(3)
    expect(await users.list()).toEqual(['ada', 'bob'])
    expect(await users.list('desc')).toEqual(['bob', 'ada'])
    expect(await cache.get('users:desc')).toEqual(['bob', 'ada'])
    expect([await Users.count(), await Users.count()]).toEqual([0, 0])
  })

  it('invalidate when a method has resolved, before its caller goes on', async () => {
    const users = new Users()
    await Promise.all([users.find(1), users.find(2), users.list()])
    await cache.settled()
    expect(await users.rename(1, 'lovelace')).toBe('lovelace')
    expect([await users.find(1), await users.find(2)]).toEqual(['lovelace', 'bob'])
    expect(await users.list()).toEqual(['lovelace', 'bob'])
    expect(users.loads).toBe(5)
  })

  it('invalidate nothing when it threw', async () => {
    const users = new Users()
    await users.find(1)
    await cache.settled()
    await expect(users.rename(1, '')).rejects.toThrow(RangeError)
    await users.find(1)
    expect(users.loads).toBe(1)
    expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
  })

  it('tell of a builder that fails, and let the method be', async () => {
    expect(await new Users().touch()).toBe('touched')
    expect(events).toContainEqual(expect.objectContaining({ type: 'error', during: 'invalidate' }))
  })
})

describe('what a decorator is given', () => {
  const cache = createCache({ configFile: false, store: memoryStore({ maxEntries: 10 }) })

  it.each<[string, () => unknown, RegExp]>([
    ['no cache', () => Cached({ name: 'x' } as never), /`Cached.cache`: got undefined.*createCache/],
    ['a cache that is none', () => Invalidates({ cache: {} as never, tags: [] }), /`Invalidates.cache`/],
    ['neither name nor key', () => Cached({ cache }), /`Cached`.*Give a `name` or a `key`/],
    ['nothing to invalidate', () => Invalidates({ cache }), /Name what to invalidate/],
    ['an unknown option', () => Invalidates({ cache, tag: ['x'] } as never), /`Invalidates.tag`/],
  ])('refuses %s', (_, call, message) => {
    expect(call).toThrow(message)
  })

  it('a function that finds no cache is told when the method is called', async () => {
    const find = Cached({ cache: () => undefined as never, name: 'x' })(
      async () => 1,
      {} as ClassMethodDecoratorContext,
    )
    await expect((async () => find())()).rejects.toThrow(/`cache`: got undefined/)
  })
})
