import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { pageOf } from '../../src/stores/key-order.ts'
import { type CacheStore, type KeyPage, MAX_SHAPES } from '../../src/stores/store.ts'
import { anyValuesTag } from '../../src/tags/shape-tags.ts'
import { graceUntil, isCurrent, LOCKED, type SeenTag, type Stamp } from '../../src/tags/tag-clocks.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'

/** Where stores of one kind keep their data. */
export interface StorePlace {
  /** A store as one more process would open it: the same prefix means the same data. */
  open(prefix: string): CacheStore
  /** Makes what is stored older. */
  elapse(ms: number): Promise<void>
  /** The application's clock. */
  now(): number
}

/** A promise one kind of store does not keep, and why that does no harm. */
export interface Deviation {
  readonly test: string
  readonly reason: string
}

/** What an entry holds: the stamp of each of its tags. */
const stampsOf = (clocks: readonly SeenTag[]): (Stamp | undefined)[] =>
  clocks.map((clock) => (clock === LOCKED ? undefined : { epoch: clock.epoch, clock: clock.now }))

/**
 * What `CacheStore` promises, for every implementation. `place` is asked in the tests, so that servers may be started
 * in a `beforeAll` of the caller.
 */
export function describeCacheStore(
  title: string,
  place: () => StorePlace,
  deviations: readonly Deviation[] = [],
): void {
  describe(`a ${title} store`, () => {
    const opened: CacheStore[] = []
    let prefix: string
    let store: CacheStore
    /** Another process on the same data. */
    let other: CacheStore

    const open = (its: string) => {
      const one = place().open(its)
      opened.push(one)
      return one
    }
    const key = (name: string, its = prefix) => `${its}query:User:findMany:${name}`
    const clocksOf = async (tags: readonly string[], from = store) => (await from.lookUp(key('none'), tags)).clocks
    const seen = async (tags: readonly string[], from = store) => stampsOf(await clocksOf(tags, from))
    /** Which of them an entry with these stamps may still be served by. */
    const current = async (stamps: readonly (Stamp | undefined)[], tags: readonly string[], from = store) => {
      const clocks = await clocksOf(tags, from)
      return tags.filter((_, i) => isCurrent(stamps[i], clocks[i]))
    }
    const keysOf = async (pattern: string, from = store) => {
      const keys = new Set<string>()
      for await (const found of from.scan(pattern)) for (const one of found) keys.add(one)
      return [...keys].sort()
    }
    const promise = (name: string, run: () => Promise<void>) =>
      it(name, ({ skip }) => {
        const deviation = deviations.find(({ test }) => test === name)
        if (deviation) skip(deviation.reason)
        return run()
      })

    beforeEach(async () => {
      prefix = freshNamespace()
      store = open(prefix)
      other = open(prefix)
      // Whoever finds a server first drops the records it has, once: not those that a test has made.
      await Promise.all([store, other].map((one) => one.lookUp(undefined, ['first']).catch(() => {})))
    })
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()))
    })

    describe('looking up', () => {
      promise('finds no entry where nobody has been, and tags that never changed', async () => {
        const { entry, clocks } = await store.lookUp(key('a'), ['User', 'User:id=1'])
        expect(entry).toBeUndefined()
        expect(await current(stampsOf(clocks), ['User', 'User:id=1'], other)).toEqual(['User', 'User:id=1'])
      })

      promise('finds the entry as it was filled, whatever its characters', async () => {
        const entry = `qc1 1 2 3 - v\n["d"]\n{"ü":"\u0000\r\n$5\\ 😀 \u2028","long":"${'x'.repeat(100_000)}"}`
        await store.fill(key('a'), entry, 60_000)
        expect((await store.lookUp(key('a'), [])).entry).toBe(entry)
        expect((await other.lookUp(key('a'), [])).entry).toBe(entry)
      })

      promise('answers clocks in the order of the tags asked for', async () => {
        const tags = ['User', 'User:id=1', '#mine', 'Post', 'User:*']
        await store.lookUp(undefined, tags)
        await store.bump(['#mine'])
        await store.bump(['Post'])
        const clocks = await clocksOf(tags)
        expect(await clocksOf([...tags].reverse())).toEqual([...clocks].reverse())
        expect(await clocksOf(['User', ...tags, 'User'])).toEqual([clocks[0], ...clocks, clocks[0]])
      })

      promise('keeps entries and tags of one name apart', async () => {
        const stamps = await seen(['User'])
        await store.fill(key('User'), 'entry', 60_000)
        expect((await store.lookUp(key('User'), ['User'])).entry).toBe('entry')
        expect(await current(stamps, ['User'])).toEqual(['User'])
      })

      promise('answers many look-ups of one tick each with its own', async () => {
        const names = Array.from({ length: 64 }, (_, i) => `e${i}`)
        await store.lookUp(undefined, names)
        for (const name of names.slice(32)) await store.bump([name])
        await Promise.all(names.map((name) => store.fill(key(name), `entry ${name}`, 60_000)))
        const found = await Promise.all(names.map((name) => store.lookUp(key(name), [name])))
        expect(found.map(({ entry }) => entry)).toEqual(names.map((name) => `entry ${name}`))
        const changed = found.map(({ clocks: [clock] }) => clock !== LOCKED && (clock?.changed ?? 0) > 0)
        expect(changed).toEqual(names.map((_, i) => i >= 32))
      })

      promise('of one tick settle in one tick, so that the misses among them become one statement', async () => {
        await store.fill(key('a'), 'entry', 60_000)
        let settled = 0
        const seen = await Promise.all(
          ['a', 'b', 'c'].map(async (name) => {
            await store.lookUp(key(name), [name])
            settled += 1
            await new Promise((resolve) => process.nextTick(resolve))
            return settled
          }),
        )
        expect(seen).toEqual([3, 3, 3])
      })
    })

    describe('clocks', () => {
      promise('of one record have one epoch, and stay as they are', async () => {
        const tags = ['User', 'User:id=1']
        const [user, row] = await seen(tags)
        expect(user).toEqual(row)
        expect(await seen(tags, other)).toEqual([user, row])
        const [post] = await seen(['Post'])
        expect(post?.epoch).not.toBe(user?.epoch)
      })

      promise('of a record that several processes meet at once are the same', async () => {
        const processes = [store, other, ...Array.from({ length: 6 }, () => open(prefix))]
        // Whoever meets a server first drops what may be from before, also what another one has just made.
        await Promise.all(processes.map((one) => one.ping()))
        for (let round = 0; round < 20; round += 1) {
          const agreed = await Promise.all(processes.map((one) => seen([`Model${round}`], one)))
          for (const stamps of agreed) expect(stamps).toEqual(agreed[0])
        }
      })

      promise('of no tags are none', async () => {
        expect((await store.lookUp(key('a'), [])).clocks).toEqual([])
      })

      promise('stay apart for thousands of tags, while the record grows', async () => {
        const tags = Array.from({ length: 3000 }, (_, i) => `User:id=${i}`)
        const stamps = await seen(tags)
        for (let at = 0; at < 1500; at += 300) await store.bump(tags.slice(at, at + 300))
        const left = new Set(await current(stamps, tags, other))
        // Changed tags are never taken for unchanged ones; the other way round it costs a miss.
        expect(tags.slice(0, 1500).filter((tag) => left.has(tag))).toEqual([])
        expect(left.size).toBeGreaterThan(600)
        const later = await seen(tags)
        await store.bump(tags.slice(0, 10))
        expect((await current(later, tags, other)).length).toBeGreaterThan(2950)
      })
    })

    describe('invalidating', () => {
      promise('changes tags for whoever looked before, and for nobody who looks later', async () => {
        const tags = ['User', 'User:id=1', '#mine']
        for (let i = 0; i < 50; i += 1) {
          const before = await seen(tags, other)
          await store.bump(tags)
          expect(await current(before, tags, i % 2 === 0 ? store : other)).toEqual([])
          expect(await current(await seen(tags), tags, other)).toEqual(tags)
        }
      })

      promise('changes the tags named and no others', async () => {
        const tags = ['User', 'User:id=1', 'Post']
        const stamps = await seen(tags)
        await store.bump(['User'])
        expect(await current(stamps, tags)).toEqual(['User:id=1', 'Post'])
      })

      promise('softly says until when what was there before may be served', async () => {
        const until = place().now() + 50_000
        const first = await seen(['User'])
        await store.bump(['User'], [], until)
        const [clock] = await clocksOf(['User'], other)
        expect(isCurrent(first[0], clock)).toBe(false)
        expect(graceUntil(first[0], clock)).toBe(until)
        const second = await seen(['User'])
        expect(await current(second, ['User'])).toEqual(['User'])
        await other.bump(['User'])
        const [later] = await clocksOf(['User'])
        expect([first[0], second[0]].map((stamp) => graceUntil(stamp, later))).toEqual([0, 0])
      })

      promise('softly, a second time, gives no longer a grace than the first time', async () => {
        const until = place().now() + 50_000
        const first = await seen(['User'])
        await store.bump(['User'], [], until)
        const second = await seen(['User'])
        await other.bump(['User'], [], until + 10_000)
        const [clock] = await clocksOf(['User'])
        expect(graceUntil(first[0], clock)).toBe(until)
        expect(graceUntil(second[0], clock)).toBe(until)
      })

      promise('softly ends with its grace', async () => {
        const first = await seen(['User'])
        await store.bump(['User'], [], place().now() + 40)
        await place().elapse(60)
        const [clock] = await clocksOf(['User'])
        expect(isCurrent(first[0], clock)).toBe(false)
        expect(graceUntil(first[0], clock)).toBeLessThanOrEqual(place().now())
      })

      promise('softly leaves locks where they are, and a release for good ends the grace', async () => {
        const until = place().now() + 50_000
        const first = await seen(['User'])
        await store.hold(['User'], 'writer', 60_000)
        await other.bump(['User'], [], until)
        expect(await clocksOf(['User'])).toEqual([LOCKED])
        await store.release('writer', [], ['User'])
        expect(graceUntil(first[0], (await clocksOf(['User']))[0])).toBe(until)
        await store.hold(['User'], 'writer', 60_000)
        await store.release('writer', ['User'], [])
        expect(graceUntil(first[0], (await clocksOf(['User']))[0])).toBe(0)
      })

      promise('is seen by every process once it is acknowledged', async () => {
        const before = await seen(['User'], other)
        await store.bump(['User'])
        expect(await current(before, ['User'], other)).toEqual([])
      })

      promise('of nothing is nothing', async () => {
        const before = await seen(['User'])
        await store.bump([])
        expect(await seen(['User'])).toEqual(before)
      })

      promise('kills an entry that is filled afterwards under a look-up from before', async () => {
        const tags = ['User', 'User:id=1']
        const before = await seen(tags)
        await other.bump(['User'])
        await store.fill(key('late'), 'old', 60_000)
        expect((await store.lookUp(key('late'), tags)).entry).toBe('old')
        expect(await current(before, tags)).toEqual(['User:id=1'])
      })

      promise('between two processes that fill, read and invalidate at once lets nothing old live', async () => {
        // The whole protocol in small: the database is a number, an entry holds the number and the stamp it was read under.
        let committed = 0
        const at = key('number')
        const read = async (from: CacheStore) => {
          const { entry, clocks } = await from.lookUp(at, ['Number'])
          if (entry !== undefined) {
            const [epoch = '', clock, value] = entry.split(' ')
            if (isCurrent({ epoch, clock: Number(clock) }, clocks[0])) return Number(value)
          }
          const [stamp] = stampsOf(clocks)
          const value = committed
          await from.fill(at, `${stamp?.epoch} ${stamp?.clock} ${value}`, 60_000)
          return value
        }
        const reader = async (from: CacheStore) => {
          for (let i = 0; i < 100; i += 1) {
            const acknowledged = acked
            expect(await read(from)).toBeGreaterThanOrEqual(acknowledged)
          }
        }
        let acked = 0
        const writer = async () => {
          for (let i = 0; i < 100; i += 1) {
            committed += 1
            const mine = committed
            await other.bump(['Number'])
            acked = mine
          }
        }
        await Promise.all([reader(store), reader(other), reader(open(prefix)), writer()])
        expect(await read(store)).toBe(100)
      })
    })

    describe('locks of writers', () => {
      /** Of each tag: locked, as it was at the stamp, or changed since. */
      const since = async (stamps: readonly (Stamp | undefined)[], tags: readonly string[]) =>
        (await clocksOf(tags, other)).map((clock, i) =>
          clock === LOCKED ? 'locked' : isCurrent(stamps[i], clock) ? 'unchanged' : 'changed',
        )

      promise('hide the clock from every process until they are released', async () => {
        const before = await seen(['User', 'Post'])
        await store.hold(['User'], 'writer', 60_000)
        expect(await since(before, ['User', 'Post'])).toEqual(['locked', 'unchanged'])
        await store.release('writer', [], ['User'])
        expect(await since(before, ['User', 'Post'])).toEqual(['unchanged', 'unchanged'])
      })

      promise('end with a change of the tags that the write changed', async () => {
        const before = await seen(['User', 'Post'])
        await store.hold(['User', 'Post'], 'writer', 60_000)
        await store.release('writer', ['User'], ['Post'])
        expect(await since(before, ['User', 'Post'])).toEqual(['changed', 'unchanged'])
      })

      promise('of two writers on one tag do not end each other', async () => {
        const before = await seen(['User'])
        await store.hold(['User'], 'one', 60_000)
        await other.hold(['User'], 'two', 60_000)
        await other.release('two', [], ['User'])
        expect(await since(before, ['User'])).toEqual(['locked'])
        await store.release('one', [], ['User'])
        expect(await since(before, ['User'])).toEqual(['unchanged'])
      })

      promise('that run out change the tag: their writer may have committed', async () => {
        const before = await seen(['User'])
        await store.hold(['User'], 'writer', 40)
        await place().elapse(60)
        expect(await since(before, ['User'])).toEqual(['changed'])
      })

      promise('last longer when their writer renews them', async () => {
        const before = await seen(['User'])
        await store.hold(['User'], 'writer', 40)
        await store.hold(['User'], 'writer', 60_000)
        await place().elapse(60)
        expect(await since(before, ['User'])).toEqual(['locked'])
      })
    })

    describe('intents of writers', () => {
      const entry = ['User:id=1', 'User:id=2', 'Post:id=1']
      const current = async (stamps: readonly (Stamp | undefined)[]) =>
        (await clocksOf(entry, other)).map((clock, i) => isCurrent(stamps[i], clock))

      promise('change nothing while they last, and end with the write', async () => {
        if (!store.intend) return
        const before = await seen(entry)
        await store.intend(['User'], 'writer', 100)
        expect(await current(before)).toEqual([true, true, true])
        await store.release('writer', ['User:id=1'], ['User'])
        await place().elapse(150)
        expect(await current(before)).toEqual([false, true, true])
      })

      promise('end with a write that changed nothing', async () => {
        if (!store.intend) return
        const before = await seen(entry)
        await store.intend(['User'], 'writer', 100)
        await store.release('writer', [], ['User'])
        await place().elapse(150)
        expect(await current(before)).toEqual([true, true, true])
      })

      promise('that run out change all tags of their records', async () => {
        if (!store.intend) return
        const before = await seen(entry)
        await store.intend(['User'], 'writer', 40)
        await place().elapse(60)
        expect(await current(before)).toEqual([false, false, true])
      })

      promise('last longer when they are renewed, and are their holder’s alone', async () => {
        if (!store.intend) return
        const before = await seen(entry)
        await store.intend(['User', 'Post'], 'one', 40)
        await other.intend?.(['User'], 'two', 60_000)
        await store.intend(['User', 'Post'], 'one', 60_000)
        await other.release('two', [], ['User'])
        await place().elapse(60)
        expect(await current(before)).toEqual([true, true, true])
        await store.release('one', [], ['User', 'Post'])
      })

      promise('outlive a release that tells of shapes: the writer has more to say', async () => {
        if (!store.intend) return
        await store.register([{ model: 'User', text: 'email' }])
        const before = await seen(entry)
        await store.intend(['User'], 'writer', 40)
        expect(await store.release('writer', [], ['User'], [{ model: 'User', version: undefined }])).toHaveLength(1)
        await place().elapse(60)
        expect(await current(before)).toEqual([false, false, true])
      })
    })

    describe('shapes of queries', () => {
      const known = { model: 'User', version: undefined }
      const shapeOf = (text: string) => ({ model: 'User', text })

      promise('are told to a writer of any process that does not know them', async () => {
        await store.register([shapeOf('email')])
        const [registry] = await other.bump(['User:id=1'], [known])
        expect(registry).toMatchObject({ model: 'User', texts: ['email'] })
        expect(await other.bump(['User:id=1'], [{ model: 'User', version: registry?.version }])).toEqual([])
        await store.register([shapeOf('name')])
        const [renewed] = await other.bump(['User:id=1'], [{ model: 'User', version: registry?.version }])
        expect([...(renewed?.texts ?? [])].sort()).toEqual(['email', 'name'])
      })

      promise('are not registered while a writer has a lock on the model', async () => {
        await store.hold(['User'], 'writer', 60_000)
        expect(await other.register([shapeOf('email')])).toEqual([LOCKED])
        await store.release('writer', [], ['User'])
        const [registered] = await other.register([shapeOf('email')])
        expect(registered).not.toBe(LOCKED)
      })

      promise('that give way to others have their tag invalidated', async () => {
        const oldest = anyValuesTag(shapeOf('s0'))
        await store.register([shapeOf('s0')])
        const before = await seen([oldest])
        for (let i = 1; i <= MAX_SHAPES; i += 1) await store.register([shapeOf(`s${i}`)])
        expect(isCurrent(before[0], (await clocksOf([oldest], other))[0])).toBe(false)
        const [registry] = await store.bump([], [known])
        expect(registry?.texts).toHaveLength(MAX_SHAPES)
        expect(registry?.texts).not.toContain('s0')
      })
    })

    describe('leases', () => {
      const lease = (holder: string, under = 'v', leaseMs = 60_000) => ({ key: key('a'), under, holder, leaseMs })
      /** Who is granted it, of a store that several processes share; in one of one process there is none. */
      const claim = async (from: CacheStore, ...its: Parameters<typeof lease>) =>
        from.claim ? (await from.claim(lease(...its), ['User'])).granted : undefined
      const end = async (from: CacheStore, ...its: Parameters<typeof lease>) => from.endLease?.(lease(...its))
      const shared = (granted: boolean) => (store.isRemote ? granted : undefined)

      promise('are one holder’s until it ends them', async () => {
        expect(await claim(store, 'one')).toBe(shared(true))
        expect(await claim(other, 'two')).toBe(shared(false))
        expect(await claim(store, 'one')).toBe(shared(false))
        await end(store, 'one')
        expect(await claim(other, 'two')).toBe(shared(true))
      })

      promise('under other clocks are other leases', async () => {
        expect(await claim(store, 'one', 'v')).toBe(shared(true))
        expect(await claim(other, 'two', 'w')).toBe(shared(true))
      })

      promise('run out with their holder', async () => {
        await claim(store, 'one', 'v', 40)
        await place().elapse(60)
        expect(await claim(other, 'two')).toBe(shared(true))
      })

      promise('are not ended by somebody who is late', async () => {
        await claim(store, 'one', 'v', 40)
        await place().elapse(60)
        await claim(other, 'two')
        await end(store, 'one')
        expect(await claim(store, 'three')).toBe(shared(false))
      })

      promise('last for longer when they are renewed, by their holder alone', async () => {
        const renew = async (from: CacheStore, holder: string, leaseMs: number) =>
          from.renewLease?.(lease(holder, 'v', leaseMs))
        await claim(store, 'one', 'v', 60)
        expect(await renew(other, 'two', 60_000)).toBe(shared(false))
        expect(await renew(store, 'one', 60_000)).toBe(shared(true))
        await place().elapse(80)
        expect(await claim(other, 'two')).toBe(shared(false))
        await end(store, 'one')
        expect(await renew(store, 'one', 60_000)).toBe(shared(false))
        expect(await claim(other, 'two')).toBe(shared(true))
      })

      promise('show whoever is granted one what the last holder stored', async () => {
        for (let i = 0; i < 20; i += 1) {
          const { key: at } = lease('one')
          await claim(store, 'one')
          const filled = store.fill(at, `entry ${i}`, 60_000)
          const ended = end(store, 'one')
          const claimed = await other.claim?.(lease('two'), ['User'])
          await Promise.all([filled, ended])
          if (!claimed) continue
          if (claimed.granted) expect(claimed.entry).toBe(`entry ${i}`)
          await end(other, 'two')
        }
      })
    })

    describe('entries', () => {
      promise('are seen by a look-up begun after the fill was called', async () => {
        for (let i = 0; i < 20; i += 1) {
          const filled = store.fill(key('a'), `entry ${i}`, 60_000)
          expect((await store.lookUp(key('a'), ['User'])).entry).toBe(`entry ${i}`)
          await filled
        }
      })

      promise('replace each other under one key', async () => {
        await store.fill(key('a'), 'one', 60_000)
        await other.fill(key('a'), 'two', 60_000)
        expect((await store.lookUp(key('a'), [])).entry).toBe('two')
      })

      promise('end with their time', async () => {
        await store.fill(key('short'), 'entry', 40)
        await store.fill(key('long'), 'entry', 60_000)
        await place().elapse(60)
        expect((await store.lookUp(key('short'), [])).entry).toBeUndefined()
        expect(await store.peek(key('short'))).toBeUndefined()
        expect(await keysOf(`${prefix}query:*`)).toEqual([key('long')])
        expect(await store.remove([key('short'), key('long')])).toBe(1)
      })

      promise('do not outlive a shorter time they are filled again for', async () => {
        await store.fill(key('a'), 'one', 60_000)
        await store.fill(key('a'), 'two', 40)
        await place().elapse(60)
        expect((await store.lookUp(key('a'), [])).entry).toBeUndefined()
      })

      promise('are removed by key, and counted where they existed', async () => {
        await Promise.all(['a', 'b', 'c'].map((name) => store.fill(key(name), name, 60_000)))
        expect(await other.remove([key('a'), key('b'), key('nobody')])).toBe(2)
        expect(await other.remove([])).toBe(0)
        expect(await keysOf(`${prefix}query:*`)).toEqual([key('c')])
      })

      promise('are removed by the thousand', async () => {
        const keys = Array.from({ length: 1200 }, (_, i) => key(`n${i}`))
        await Promise.all(keys.map((one) => store.fill(one, '1', 60_000)))
        expect(await store.remove(keys)).toBe(1200)
      })

      promise('are shown byte for byte', async () => {
        expect(await store.peek(key('a'))).toBeUndefined()
        await store.fill(key('a'), 'line\nline', 60_000)
        expect(await other.peek(key('a'))).toBe('line\nline')
      })
    })

    describe('counting', () => {
      const counter = (name: string) => `${prefix}data:${name}`

      promise('adds in one step, whoever adds', async () => {
        const sums = await Promise.all(
          Array.from({ length: 40 }, (_, i) => (i % 2 ? store : other).increment(counter('n'), 2, undefined)),
        )
        expect(sums.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 40 }, (_, i) => 2 * i + 2))
        expect(await store.increment(counter('n'), -81, undefined)).toBe(-1)
        expect((await other.lookUp(counter('n'), [])).entry).toBe('-1')
        expect(await store.remove([counter('n')])).toBe(1)
      })

      promise('goes on from digits that were stored, and from nothing else', async () => {
        await store.fill(counter('a'), '41', 60_000)
        await store.fill(counter('b'), '4.1', 60_000)
        await store.fill(counter('c'), '', 60_000)
        expect(await store.increment(counter('a'), 1, undefined)).toBe(42)
        expect(await store.increment(counter('b'), 1, undefined)).toBeUndefined()
        expect(await store.increment(counter('c'), 1, undefined)).toBeUndefined()
        expect(await store.peek(counter('b'))).toBe('4.1')
      })

      promise('ends a life after its first step, whatever is added meanwhile', async () => {
        await store.increment(counter('n'), 5, 300)
        await store.increment(counter('n'), 5, 60_000)
        await place().elapse(350)
        expect(await store.increment(counter('n'), 1, undefined)).toBe(1)
      })
    })

    describe('scanning', () => {
      promise('finds every entry, thousands too, and no tag', async () => {
        const keys = Array.from({ length: 2500 }, (_, i) => key(`n${i}`))
        await store.lookUp(undefined, ['User', 'User:id=1'])
        await Promise.all(keys.map((one) => store.fill(one, '1', 60_000)))
        expect(await keysOf(`${prefix}query:*`)).toEqual([...keys].sort())
        // Every store of every test walks through what is left.
        await store.clear()
      })

      promise('goes a page at a time, and misses nothing that stays', async () => {
        const keys = Array.from({ length: 150 }, (_, i) => key(`n${i}`))
        await Promise.all(keys.map((one) => store.fill(one, '1', 60_000)))
        const seen = new Set<string>()
        let cursor: string | undefined = ''
        let pages = 0
        while (cursor !== undefined) {
          const page: KeyPage = await pageOf(store, `${prefix}query:*`, cursor, 20)
          for (const one of page.keys) seen.add(one)
          await store.remove(page.keys.filter((one) => one.endsWith('7')))
          cursor = page.cursor
          pages += 1
        }
        expect([...seen].sort()).toEqual([...keys].sort())
        expect(pages).toBeGreaterThan(2)
      })

      promise('finds nothing without an error', async () => {
        expect(await keysOf(`${prefix}query:*`)).toEqual([])
      })

      for (const [pattern, found] of [
        ['a?c', ['a*c', 'abc', 'adc']],
        ['a[bd]c', ['abc', 'adc']],
        ['a[a-c]c', ['abc']],
        ['a[^b]c', ['a*c', 'adc']],
        ['a\\*c', ['a*c']],
        ['*c', ['a*c', 'abc', 'adc', 'xx.c']],
        ['xx.c', ['xx.c']],
        ['x*.?', ['xx.c']],
        ['A?C', []],
      ] as const) {
        promise(`understands ${pattern}`, async () => {
          for (const name of ['abc', 'adc', 'a*c', 'xx.c', 'abcd']) await store.fill(key(name), '1', 60_000)
          expect(await keysOf(`${prefix}query:User:findMany:${pattern}`)).toEqual(found.map((name) => key(name)))
        })
      }
    })

    describe('clearing', () => {
      promise('removes entries and records, and counts the entries', async () => {
        const before = await seen(['User', 'Post'])
        await Promise.all(['a', 'b'].map((name) => store.fill(key(name), name, 60_000)))
        await store.increment(`${prefix}data:n`, 1, undefined)
        expect(await other.clear()).toBe(3)
        expect(await keysOf(`${prefix}*`)).toEqual([])
        expect((await store.lookUp(key('a'), [])).entry).toBeUndefined()
        expect(await current(before, ['User', 'Post'])).toEqual([])
        expect(await store.clear()).toBe(0)
      })

      promise('kills a fill that is under way', async () => {
        const before = await seen(['User'])
        await other.clear()
        await store.fill(key('late'), 'old', 60_000)
        expect(await current(before, ['User'])).toEqual([])
      })

      for (const pattern of ['team*:', 'a?c:', '[ab]:', 'a[^b]:', 'back\\slash:', 'a[', '*', '{curly}:', 'ü:'])
        promise(`touches nothing outside the prefix ${pattern}`, async () => {
          // Neighbours whose prefixes the same text would match if it were read as a pattern.
          const mine = `${freshNamespace()}${pattern}`
          const base = mine.slice(0, -pattern.length)
          const neighbours = ['team1:', 'abc:', 'a:', 'b:', 'ac:', 'backslash:', 'a', '', 'anything:', 'curly:', 'u:']
            .map((name) => `${base}${name}`)
            .filter((name) => name !== mine)
          const stamps = new Map<string, (Stamp | undefined)[]>()
          for (const one of [mine, ...neighbours]) {
            const its = open(one)
            stamps.set(one, stampsOf((await its.lookUp(undefined, ['User'])).clocks))
            await its.fill(key('a', one), one, 60_000)
          }
          const own = open(mine)
          expect(await own.clear()).toBe(1)
          expect((await own.lookUp(key('a', mine), ['User'])).entry).toBeUndefined()
          expect(await current(stamps.get(mine) ?? [], ['User'], own)).toEqual([])
          for (const one of neighbours) {
            const its = open(one)
            expect((await its.lookUp(key('a', one), ['User'])).entry).toBe(one)
            expect(await current(stamps.get(one) ?? [], ['User'], its)).toEqual(['User'])
          }
        })
    })

    promise('says that it is there', async () => {
      await expect(store.ping()).resolves.toBeUndefined()
      expect(store.name).toMatch(/^[a-z]+$/)
    })

    promise('leaves the data to others when it is closed', async () => {
      await store.fill(key('a'), 'entry', 60_000)
      await store.close()
      expect((await other.lookUp(key('a'), [])).entry).toBe('entry')
    })
  })
}
