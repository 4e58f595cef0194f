import { EventEmitter } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { CacheConfigError, type CacheOptions, createCache, type EventSource, memoryStore } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { describePair, did, useSpec } from './support.ts'

describePair('$cache.invalidateOn', (bed) => {
  const spec = useSpec(bed)

  function listening() {
    const all = spec.cached()
    const { prisma } = all
    const emitter = new EventEmitter()
    const stop = prisma.$cache.invalidateOn(emitter, {
      'user.changed': ({ id }: { id: number }) => ({ tags: [`user:${id}`] }),
      'tags.imported': { models: ['Tag'] },
      maybe: (name: string | undefined) => (name === undefined ? undefined : { tags: [name] }),
    })
    const reads = {
      'user 1': () => prisma.user.count({ cache: { tags: ['user:1'] } }),
      'user 2': () => prisma.user.count({ cache: { tags: ['user:2'] } }),
      tags: () => prisma.tag.count(),
    }
    /** Which reads what is emitted makes miss. */
    async function dropped(emit: () => void): Promise<string[]> {
      for (const read of Object.values(reads)) await read()
      emit()
      await prisma.$cache.settled()
      const missed: string[] = []
      for (const [name, read] of Object.entries(reads)) if ((await did(prisma, read())) === 'miss') missed.push(name)
      return missed
    }
    return { ...all, emitter, stop, dropped }
  }

  it('invalidates what an event names, until it is stopped', async () => {
    const { emitter, stop, dropped } = listening()
    expect(await dropped(() => emitter.emit('user.changed', { id: 1 }))).toEqual(['user 1'])
    expect(await dropped(() => emitter.emit('tags.imported'))).toEqual(['tags'])
    expect(await dropped(() => emitter.emit('maybe', 'user'))).toEqual(['user 1', 'user 2'])
    expect(await dropped(() => emitter.emit('maybe'))).toEqual([])
    expect(await dropped(() => emitter.emit('another'))).toEqual([])
    stop()
    stop()
    expect(await dropped(() => emitter.emit('tags.imported'))).toEqual([])
    expect(emitter.eventNames()).toEqual([])
  })

  it('is waited for by `settled`', async () => {
    const { prisma, events, emitter } = listening()
    emitter.emit('tags.imported')
    await prisma.$cache.settled()
    expect(events).toContainEqual(expect.objectContaining({ type: 'invalidate', delivered: true }))
  })

  it('does nothing for an event that names nothing', async () => {
    const { prisma, events, emitter } = listening()
    prisma.$cache.invalidateOn(emitter, { nothing: () => null, undecided: () => undefined })
    emitter.emit('nothing')
    emitter.emit('undecided')
    await prisma.$cache.settled()
    expect(events).toEqual([])
  })

  it('hears an EventTarget, whose events are handed over whole', async () => {
    const { prisma } = spec.cached()
    const target = new EventTarget()
    const stop = prisma.$cache.invalidateOn(target, { moved: (event: Event) => ({ tags: [event.type] }) })
    const read = () => prisma.tag.count({ cache: { tags: ['moved'] } })
    await read()
    target.dispatchEvent(new Event('moved'))
    await prisma.$cache.settled()
    expect(await did(prisma, read())).toBe('miss')
    stop()
    target.dispatchEvent(new Event('moved'))
    await prisma.$cache.settled()
    expect(await did(prisma, read())).toBe('hit')
  })

  it('tells who emits nothing of what goes wrong', async () => {
    const { prisma, events, emitter } = listening()
    prisma.$cache.invalidateOn(emitter, {
      throws: () => {
        throw new Error('broken')
      },
      wrong: () => ({ tag: 'a' }) as object,
      unknown: () => ({ models: ['Nobody'] }),
    })
    for (const event of ['throws', 'wrong', 'unknown']) emitter.emit(event)
    await prisma.$cache.settled()
    const errors = events.filter((event) => event.type === 'error')
    expect(errors.map(({ during }) => during)).toEqual(['invalidate', 'invalidate', 'invalidate'])
    expect(errors.map(({ error }) => String(error))).toEqual([
      expect.stringContaining('broken'),
      expect.stringContaining('`invalidate.tag`'),
      expect.stringContaining('no model "Nobody"'),
    ])
  })

  it('ends with the cache', async () => {
    const { prisma, emitter } = listening()
    await prisma.$cache.disconnect()
    expect(emitter.eventNames()).toEqual([])
  })

  it.each<[string, unknown, unknown, RegExp]>([
    ['no source', undefined, { a: { tags: ['a'] } }, /`invalidateOn`: got undefined.*EventEmitter/],
    ['half a source', { on() {} }, { a: { tags: ['a'] } }, /EventEmitter or an EventTarget/],
    ['no event', new EventEmitter(), {}, /Name at least one event/],
    ['an empty target', new EventEmitter(), { a: {} }, /`invalidateOn\.a`.*Name what to invalidate/],
    ['a misspelt target', new EventEmitter(), { a: { tag: ['a'] } }, /`invalidateOn\.a\.tag`/],
    ['an unknown model', new EventEmitter(), { a: { models: ['Usr'] } }, /no model "Usr"/],
    ['a list', new EventEmitter(), { a: ['tag'] }, /`invalidateOn\.a`/],
  ])('refuses %s', (_, source, map, message) => {
    const { prisma } = spec.cached()
    const listen = () => prisma.$cache.invalidateOn(source as EventSource, map as never)
    expect(listen).toThrow(CacheConfigError)
    expect(listen).toThrow(message)
    if (source instanceof EventEmitter) expect(source.eventNames()).toEqual([])
  })
})

describe('$cache.invalidateOn of a cache without a client', () => {
  const ends: (() => unknown)[] = []
  afterAll(() => Promise.all(ends.map((end) => end())))

  it('hears what a Redis channel says', async () => {
    const url = inject('servers').redisUrl
    const [subscriber, publisher] = [new Redis(url), new Redis(url)]
    const options: CacheOptions = { configFile: false, store: memoryStore(), prefix: freshNamespace() }
    const cache = createCache(options)
    ends.push(
      () => cache.disconnect(),
      () => subscriber.disconnect(),
      () => publisher.disconnect(),
    )
    const channel = freshNamespace()
    const moved = new Promise((resolve) => cache.on('invalidate', ({ tags }) => resolve(tags)))
    cache.invalidateOn(subscriber, {
      message: (from: string, message: string) => (from === channel ? { tags: [message] } : null),
    })
    await subscriber.subscribe(channel)
    await publisher.publish(channel, 'user:7')
    expect(await moved).toEqual(['#user:7'])
  })
})
