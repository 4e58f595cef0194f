import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { pageOf } from '../../src/stores/key-order.ts'
import { type CacheStore, type KeyPage, MAX_SHAPES } from '../../src/stores/store.ts'
import { anyValuesTag } from '../../src/tags/shape-tags.ts'
import { graceUntil, HELD, type SeenVersion } from '../../src/tags/tag-versions.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'

/** Where stores of one kind keep their data. */
export interface StorePlace {
  /** A store as one more process would open it: the same prefix means the same data. */
  open(prefix: string): CacheStore
  /** Makes what is stored older. */
  elapse(ms: number): Promise<void>
}

/** A promise one kind of store does not keep, and why that does no harm. */
export interface Deviation {
  readonly test: string
  readonly reason: string
}

/** As readers compare: an absent version counts as moved. */
function unchanged(held: readonly SeenVersion[], current: readonly SeenVersion[]): boolean {
  return held.length === current.length && held.every((version, i) => version === current[i])
}

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
    const versionsOf = async (tags: readonly string[], from = store) => (await from.lookUp(key('none'), tags)).versions
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
      // Whoever finds a server first drops the versions it has, once: not those that a test has made.
      await Promise.all([store, other].map((one) => one.lookUp(undefined, ['first']).catch(() => {})))
    })
    afterAll(async () => {
      await Promise.all(opened.map((one) => one.close()))
    })

    describe('looking up', () => {
      promise('finds neither an entry nor a version where nobody has been', async () => {
        expect(await store.lookUp(key('a'), ['User', 'User:id=1'])).toEqual({
          entry: undefined,
          versions: [null, null],
        })
      })

      promise('finds the entry as it was filled, whatever its characters', async () => {
        const entry = `qc1 1 2 3 - v\n["d"]\n{"ü":"\u0000\r\n$5\\ 😀 \u2028","long":"${'x'.repeat(100_000)}"}`
        await store.fill(key('a'), entry, ['User'], 60_000)
        expect((await store.lookUp(key('a'), [])).entry).toBe(entry)
        expect((await other.lookUp(key('a'), [])).entry).toBe(entry)
      })

      promise('answers versions in the order of the tags asked for', async () => {
        const tags = ['User', 'User:id=1', '#mine', 'Post', 'User:*']
        const made = await store.ensureVersions(tags)
        expect(await versionsOf([...tags].reverse())).toEqual([...made].reverse())
        expect(await versionsOf(['absent', ...tags, 'User', 'gone'])).toEqual([null, ...made, made[0], null])
      })

      promise('keeps entries and tags of one name apart', async () => {
        const [version] = await store.ensureVersions(['User'])
        await store.fill(key('User'), 'entry', ['User'], 60_000)
        expect(await store.lookUp(key('User'), ['User', key('User')])).toEqual({
          entry: 'entry',
          versions: [version, null],
        })
      })

      promise('answers many look-ups of one tick each with its own', async () => {
        const names = Array.from({ length: 64 }, (_, i) => `e${i}`)
        const versions = await store.ensureVersions(names)
        await Promise.all(names.map((name) => store.fill(key(name), `entry ${name}`, [name], 60_000)))
        const found = await Promise.all(names.map((name) => store.lookUp(key(name), [name, 'absent'])))
        expect(found).toEqual(names.map((name, i) => ({ entry: `entry ${name}`, versions: [versions[i], null] })))
      })

      promise('of one tick settle in one tick, so that the misses among them become one statement', async () => {
        await store.fill(key('a'), 'entry', [], 60_000)
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

    describe('versions', () => {
      promise('are made once and stay', async () => {
        const first = await store.ensureVersions(['User', 'Post'])
        expect(new Set(first).size).toBe(2)
        expect(await store.ensureVersions(['Post', 'User'])).toEqual([...first].reverse())
        expect(await versionsOf(['User', 'Post'])).toEqual(first)
        expect(await versionsOf(['User', 'Post'], other)).toEqual(first)
      })

      promise('made at the same time in several processes are the same', async () => {
        const processes = [store, other, ...Array.from({ length: 6 }, () => open(prefix))]
        // Whoever meets a server first drops what may be from before, also what another one has just made.
        await Promise.all(processes.map((one) => one.ping()))
        for (let round = 0; round < 20; round += 1) {
          const tags = ['User', `User:id=${round}`, `#tag${round}`]
          const agreed = await Promise.all(
            processes.map((one, i) => one.ensureVersions(i % 2 === 0 ? tags : [...tags].reverse())),
          )
          const [expected = []] = agreed
          for (const [i, versions] of agreed.entries()) {
            expect(i % 2 === 0 ? versions : [...versions].reverse()).toEqual(expected)
          }
          expect(await versionsOf(tags)).toEqual(expected)
        }
      })

      promise('of no tags are no versions', async () => {
        expect(await store.ensureVersions([])).toEqual([])
        expect((await store.lookUp(key('a'), [])).versions).toEqual([])
      })
    })

    describe('invalidating', () => {
      promise('leaves no version that was there before', async () => {
        const tags = ['User', 'User:id=1', '#mine']
        const seen = new Set<unknown>(await store.ensureVersions(tags))
        for (let i = 0; i < 50; i += 1) {
          await store.bump(tags)
          for (const version of await versionsOf(tags, i % 2 === 0 ? store : other)) {
            expect(version === null || !seen.has(version)).toBe(true)
          }
          for (const version of await store.ensureVersions(tags)) seen.add(version)
        }
        expect(seen.size).toBe(51 * tags.length)
      })

      promise('moves the tags named and no others', async () => {
        const [user, post] = await store.ensureVersions(['User', 'Post'])
        await store.bump(['User'])
        const [userNow, postNow] = await versionsOf(['User', 'Post'])
        expect(userNow).not.toBe(user)
        expect(postNow).toBe(post)
      })

      promise('softly tells which version was there before, and until when it may be served', async () => {
        const [first = ''] = await store.ensureVersions(['User'])
        await store.bump(['User', 'nobody'], [], 5000)
        const [second = '', nobody] = await versionsOf(['User', 'nobody'], other)
        expect(nobody).toBeNull()
        expect(second).not.toBe(first)
        expect(graceUntil(first, second)).toBe(5000)
        await other.bump(['User'], [], 9000)
        const [third = ''] = await versionsOf(['User'])
        expect([first, second, third].map((held) => graceUntil(held as string, third))).toEqual([5000, 9000, 0])
        await other.bump(['User'])
        const [fourth = ''] = await versionsOf(['User'])
        expect([first, second, third].map((held) => graceUntil(held as string, fourth))).toEqual([0, 0, 0])
      })

      promise('softly leaves holds where they are, and a release for good ends it', async () => {
        const [first = ''] = await store.ensureVersions(['User'])
        await store.hold(['User'], 'writer', 60_000)
        await other.bump(['User'], [], 5000)
        expect(await versionsOf(['User'])).toEqual([HELD])
        await store.release('writer', [], ['User'])
        expect(graceUntil(first, (await versionsOf(['User']))[0])).toBe(5000)
        await store.hold(['User'], 'writer', 60_000)
        await store.release('writer', ['User'], [])
        expect(graceUntil(first, (await versionsOf(['User']))[0])).toBe(0)
      })

      promise('softly, again and again, makes versions of a bounded length', async () => {
        await store.ensureVersions(['User'])
        const lengths = new Set<number>()
        for (let i = 0; i < 8; i += 1) {
          await store.bump(['User'], [], 5000)
          lengths.add(String((await versionsOf(['User']))[0]).length)
        }
        expect([...lengths]).toEqual([33, 54, 75, 96])
      })

      promise('is seen by every process once it is acknowledged', async () => {
        const [before] = await other.ensureVersions(['User'])
        await store.bump(['User'])
        expect(await versionsOf(['User'], other)).not.toEqual([before])
        expect(await other.ensureVersions(['User'])).not.toEqual([before])
      })

      promise('counts as changed for a tag nobody holds a version of', async () => {
        await store.bump(['nobody'])
        expect(unchanged(['anything'], await versionsOf(['nobody']))).toBe(false)
      })

      promise('of nothing is nothing', async () => {
        const before = await store.ensureVersions(['User'])
        await store.bump([])
        expect(await versionsOf(['User'])).toEqual(before)
      })

      promise('kills an entry that is filled afterwards under versions from before', async () => {
        const tags = ['User', 'User:id=1']
        const before = await store.ensureVersions(tags)
        await other.bump(['User'])
        await store.fill(key('late'), 'old', tags, 60_000)
        const { entry, versions } = await store.lookUp(key('late'), tags)
        expect(entry).toBe('old')
        expect(unchanged(before, versions)).toBe(false)
        expect(unchanged(before, await store.ensureVersions(tags))).toBe(false)
      })

      promise('between two processes that fill, read and invalidate at once lets nothing old live', async () => {
        // The whole protocol in small: the database is a number, an entry holds the number and the version it was read under.
        let committed = 0
        const at = key('number')
        const read = async (from: CacheStore) => {
          const { entry, versions } = await from.lookUp(at, ['Number'])
          if (entry !== undefined) {
            const [version = '', value] = entry.split(' ')
            if (unchanged([version], versions)) return Number(value)
          }
          const [version] = await from.ensureVersions(['Number'])
          const value = committed
          await from.fill(at, `${version} ${value}`, ['Number'], 60_000)
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
      promise('hide the version from every process until they are released', async () => {
        const before = await store.ensureVersions(['User', 'Post'])
        await store.hold(['User'], 'writer', 60_000)
        expect(await versionsOf(['User', 'Post'], other)).toEqual([HELD, before[1]])
        expect(await other.ensureVersions(['User'])).toEqual([HELD])
        await store.release('writer', [], ['User'])
        expect(await versionsOf(['User', 'Post'], other)).toEqual(before)
      })

      promise('end with a new version for the tags that the write changed', async () => {
        const [user, post] = await store.ensureVersions(['User', 'Post'])
        await store.hold(['User', 'Post'], 'writer', 60_000)
        await store.release('writer', ['User'], ['Post'])
        const [userNow, postNow] = await versionsOf(['User', 'Post'], other)
        expect(userNow).not.toBe(HELD)
        expect(userNow).not.toBe(user)
        expect(postNow).toBe(post)
      })

      promise('of two writers on one tag do not end each other', async () => {
        const [before] = await store.ensureVersions(['User'])
        await store.hold(['User'], 'one', 60_000)
        await other.hold(['User'], 'two', 60_000)
        await other.release('two', [], ['User'])
        expect(await versionsOf(['User'])).toEqual([HELD])
        await store.release('one', [], ['User'])
        expect(await versionsOf(['User'])).toEqual([before])
      })

      promise('that run out change the tag: their writer may have committed', async () => {
        const [before] = await store.ensureVersions(['User'])
        await store.hold(['User'], 'writer', 40)
        await place().elapse(60)
        const [now] = await versionsOf(['User'], other)
        expect(now).not.toBe(HELD)
        expect(now).not.toBe(before)
      })

      promise('last longer when their writer renews them', async () => {
        await store.ensureVersions(['User'])
        await store.hold(['User'], 'writer', 40)
        await store.hold(['User'], 'writer', 60_000)
        await place().elapse(60)
        expect(await versionsOf(['User'], other)).toEqual([HELD])
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
        expect(await other.register([shapeOf('email')])).toEqual([HELD])
        await store.release('writer', [], ['User'])
        const [registered] = await other.register([shapeOf('email')])
        expect(registered).not.toBe(HELD)
      })

      promise('that give way to others have their tag invalidated', async () => {
        const oldest = anyValuesTag(shapeOf('s0'))
        await store.register([shapeOf('s0')])
        const before = await versionsOf([oldest])
        for (let i = 1; i <= MAX_SHAPES; i += 1) await store.register([shapeOf(`s${i}`)])
        expect(unchanged(before, await versionsOf([oldest], other))).toBe(false)
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

      promise('under other versions are other leases', async () => {
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
        const [version] = await store.ensureVersions(['User'])
        for (let i = 0; i < 20; i += 1) {
          const { key: at } = lease('one')
          await claim(store, 'one')
          const filled = store.fill(at, `entry ${i}`, ['User'], 60_000)
          const ended = end(store, 'one')
          const claimed = await other.claim?.(lease('two'), ['User'])
          await Promise.all([filled, ended])
          if (!claimed) continue
          if (claimed.granted) expect(claimed).toEqual({ granted: true, entry: `entry ${i}`, versions: [version] })
          await end(other, 'two')
        }
      })
    })

    describe('entries', () => {
      promise('are seen by a look-up begun after the fill was called', async () => {
        await store.ensureVersions(['User'])
        for (let i = 0; i < 20; i += 1) {
          const filled = store.fill(key('a'), `entry ${i}`, ['User'], 60_000)
          expect((await store.lookUp(key('a'), ['User'])).entry).toBe(`entry ${i}`)
          await filled
        }
      })

      promise('replace each other under one key', async () => {
        await store.fill(key('a'), 'one', ['User'], 60_000)
        await other.fill(key('a'), 'two', ['Post'], 60_000)
        expect((await store.lookUp(key('a'), [])).entry).toBe('two')
      })

      promise('end with their time', async () => {
        await store.fill(key('short'), 'entry', ['User'], 40)
        await store.fill(key('long'), 'entry', ['User'], 60_000)
        await place().elapse(60)
        expect((await store.lookUp(key('short'), [])).entry).toBeUndefined()
        expect(await store.peek(key('short'))).toBeUndefined()
        expect(await keysOf(`${prefix}query:*`)).toEqual([key('long')])
        expect(await store.remove([key('short'), key('long')])).toBe(1)
      })

      promise('do not outlive a shorter time they are filled again for', async () => {
        await store.fill(key('a'), 'one', ['User'], 60_000)
        await store.fill(key('a'), 'two', ['User'], 40)
        await place().elapse(60)
        expect((await store.lookUp(key('a'), [])).entry).toBeUndefined()
      })

      promise('are removed by key, and counted where they existed', async () => {
        await Promise.all(['a', 'b', 'c'].map((name) => store.fill(key(name), name, ['User'], 60_000)))
        expect(await other.remove([key('a'), key('b'), key('nobody')])).toBe(2)
        expect(await other.remove([])).toBe(0)
        expect(await keysOf(`${prefix}query:*`)).toEqual([key('c')])
      })

      promise('are removed by the thousand', async () => {
        const keys = Array.from({ length: 1200 }, (_, i) => key(`n${i}`))
        await Promise.all(keys.map((one) => store.fill(one, '1', ['User'], 60_000)))
        expect(await store.remove(keys)).toBe(1200)
      })

      promise('are shown byte for byte', async () => {
        expect(await store.peek(key('a'))).toBeUndefined()
        await store.fill(key('a'), 'line\nline', ['User'], 60_000)
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
        await store.fill(counter('a'), '41', [], 60_000)
        await store.fill(counter('b'), '4.1', [], 60_000)
        await store.fill(counter('c'), '', [], 60_000)
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
        await store.ensureVersions(['User', 'User:id=1'])
        await Promise.all(keys.map((one) => store.fill(one, '1', ['User'], 60_000)))
        expect(await keysOf(`${prefix}query:*`)).toEqual([...keys].sort())
        // Every store of every test walks through what is left.
        await store.clear()
      })

      promise('goes a page at a time, and misses nothing that stays', async () => {
        const keys = Array.from({ length: 150 }, (_, i) => key(`n${i}`))
        await store.ensureVersions(['User'])
        await Promise.all(keys.map((one) => store.fill(one, '1', ['User'], 60_000)))
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
          for (const name of ['abc', 'adc', 'a*c', 'xx.c', 'abcd']) await store.fill(key(name), '1', [], 60_000)
          expect(await keysOf(`${prefix}query:User:findMany:${pattern}`)).toEqual(found.map((name) => key(name)))
        })
      }
    })

    describe('clearing', () => {
      promise('removes entries and versions, and counts the entries', async () => {
        const before = await store.ensureVersions(['User', 'Post'])
        await Promise.all(['a', 'b'].map((name) => store.fill(key(name), name, ['User'], 60_000)))
        await store.increment(`${prefix}data:n`, 1, undefined)
        expect(await other.clear()).toBe(3)
        expect(await keysOf(`${prefix}*`)).toEqual([])
        expect((await store.lookUp(key('a'), [])).entry).toBeUndefined()
        expect(unchanged(before, await versionsOf(['User', 'Post']))).toBe(false)
        expect(await store.clear()).toBe(0)
      })

      promise('kills a fill that is under way', async () => {
        const before = await store.ensureVersions(['User'])
        await other.clear()
        await store.fill(key('late'), 'old', ['User'], 60_000)
        expect(unchanged(before, await store.ensureVersions(['User']))).toBe(false)
      })

      for (const pattern of ['team*:', 'a?c:', '[ab]:', 'a[^b]:', 'back\\slash:', 'a[', '*', '{curly}:', 'ü:'])
        promise(`touches nothing outside the prefix ${pattern}`, async () => {
          // Neighbours whose prefixes the same text would match if it were read as a pattern.
          const mine = `${freshNamespace()}${pattern}`
          const base = mine.slice(0, -pattern.length)
          const neighbours = ['team1:', 'abc:', 'a:', 'b:', 'ac:', 'backslash:', 'a', '', 'anything:', 'curly:', 'u:']
            .map((name) => `${base}${name}`)
            .filter((name) => name !== mine)
          for (const one of [mine, ...neighbours]) {
            const its = open(one)
            await its.ensureVersions(['User'])
            await its.fill(key('a', one), one, ['User'], 60_000)
          }
          const own = open(mine)
          expect(await own.clear()).toBe(1)
          expect(await own.lookUp(key('a', mine), ['User'])).toEqual({ entry: undefined, versions: [null] })
          for (const one of neighbours) {
            const found = await open(one).lookUp(key('a', one), ['User'])
            expect(found).toEqual({ entry: one, versions: [expect.any(String)] })
          }
        })
    })

    promise('says that it is there', async () => {
      await expect(store.ping()).resolves.toBeUndefined()
      expect(store.name).toMatch(/^[a-z]+$/)
    })

    promise('leaves the data to others when it is closed', async () => {
      await store.fill(key('a'), 'entry', ['User'], 60_000)
      await store.close()
      expect((await other.lookUp(key('a'), [])).entry).toBe('entry')
    })
  })
}
