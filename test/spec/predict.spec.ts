import { expect, it } from 'vitest'
import { CacheConfigError, type CacheOptions } from '../../src/index.ts'
import { type CachedClient, statusOf, useProcesses } from './processes.ts'
import { describePair } from './support.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describePair('queries asked ahead', (bed) => {
  const processes = useProcesses(bed)
  const red = (prisma: CachedClient) => prisma.tag.findMany({ where: { color: 'red' }, cache: { ttl: 1800 } })

  function start(predict: CacheOptions['predict'] = { sample: 1 }, more: CacheOptions = {}) {
    const process = processes.start(0, { predict, ...more })
    const { clock, sql, settled } = process
    const asked = () => sql.count(/^SELECT .*Tag/)
    const pass = async (ms: number) => {
      clock.advance(ms)
      await settled()
    }
    /** To this time of the day, in UTC. */
    const to = (ms: number) => pass((DAY + ms - (clock.now() % DAY)) % DAY)
    return { ...process, asked, pass, to }
  }
  const begun = () => new Promise((resolve) => setImmediate(resolve))

  it('are renewed before they are over, as long as they are asked for', async () => {
    const { prisma, asked, pass, to } = start()
    await begun()
    await to(9 * HOUR)
    for (let i = 0; i < 20; i += 1) await red(prisma)
    for (let minute = 0; minute < 31; minute += 1) await pass(MINUTE)
    expect(asked()).toBe(2)
    expect(await statusOf(prisma, red(prisma))).toBe('hit')
    // Nobody asks any more: hours later it is not kept up.
    await pass(5 * HOUR)
    const before = asked()
    for (let minute = 0; minute < 40; minute += 1) await pass(MINUTE)
    expect(asked()).toBe(before)
  })

  it('are asked when the hour comes in which they were asked the day before, not sooner', async () => {
    const { prisma, asked, pass, to, events } = start()
    await begun()
    await to(9 * HOUR)
    for (let i = 0; i < 20; i += 1) await red(prisma)
    await pass(12 * HOUR)
    await to(8 * HOUR + 50 * MINUTE)
    const before = asked()
    for (let minute = 50; minute < 58; minute += 1) await pass(MINUTE)
    expect(asked()).toBe(before)
    await pass(2 * MINUTE - 1)
    expect(asked()).toBe(before + 1)
    await pass(1)
    expect(await statusOf(prisma, red(prisma))).toBe('hit')
    expect(events.filter((event) => event.type === 'warm' && event.state === 'end').at(-1)).toMatchObject({
      name: 'predict',
    })
  })

  it('are those of callers, as they asked them, and no others', async () => {
    const { prisma, sql, asked, to, pass } = start({ sample: 1, models: ['Tag'] })
    await begun()
    await to(9 * HOUR)
    const where = { color: 'red' }
    for (let i = 0; i < 20; i += 1) {
      await prisma.tag.findMany({ where, cache: { ttl: 1800 } })
      await prisma.user.count({ cache: { ttl: 1800 } })
      await prisma.tag.count({ cache: false })
    }
    // Asked once; whoever asks no oftener gains nothing.
    await prisma.tag.findFirst({ cache: { ttl: 1800 } })
    where.color = 'blue'
    const before = asked()
    const users = sql.count(/users/)
    await pass(30 * MINUTE)
    expect(asked()).toBe(before + 1)
    expect(sql.count(/users/)).toBe(users)
    expect(await statusOf(prisma, red(prisma))).toBe('hit')
    expect(prisma.$cache.stats().totals.miss).toBe(3)
  })

  const many = Array.from({ length: 300 }, (_, i) => `name ${i}`)
  it.each<[string, (prisma: CachedClient) => Promise<unknown>]>([
    ['read anew each time', (prisma) => prisma.tag.findMany({ cache: { ttl: 1800, refresh: true } })],
    ['of many values', (prisma) => prisma.tag.findMany({ where: { name: { in: many } }, cache: { ttl: 1800 } })],
    [
      'of a long text',
      (prisma) => prisma.tag.findMany({ where: { name: many.join().repeat(9) }, cache: { ttl: 1800 } }),
    ],
  ])('are none that are %s', async (_, read) => {
    const { prisma, asked, to, pass } = start()
    await begun()
    await to(9 * HOUR)
    for (let i = 0; i < 20; i += 1) await read(prisma)
    const before = asked()
    await pass(30 * MINUTE)
    expect(asked()).toBe(before)
  })

  it('are a sample of them', async () => {
    const { prisma, asked, to, pass } = start({ sample: 1e-9 })
    await begun()
    await to(9 * HOUR)
    for (let i = 0; i < 20; i += 1) await red(prisma)
    const before = asked()
    await pass(30 * MINUTE)
    expect(asked()).toBe(before)
  })

  it('are forgotten with the cache, and nothing of them is told or stored', async () => {
    const { prisma, to, pass, events } = start()
    await begun()
    await to(9 * HOUR)
    const secret = 'sesame-5f1c'
    for (let i = 0; i < 20; i += 1) await prisma.tag.findMany({ where: { name: secret }, cache: { ttl: 1800 } })
    await pass(30 * MINUTE)
    expect(JSON.stringify(events)).not.toContain(secret)
    expect(JSON.stringify(await prisma.$cache.keys())).not.toContain(secret)
  })

  it('are remembered no more once the cache has ended, neither those before nor those that still come', async () => {
    const { prisma, asked, to, pass } = start()
    await begun()
    await to(9 * HOUR)
    for (let i = 0; i < 20; i += 1) await red(prisma)
    await prisma.$cache.disconnect()
    for (let i = 0; i < 20; i += 1) await prisma.tag.findMany({ where: { color: 'blue' }, cache: { ttl: 1800 } })
    const before = asked()
    await pass(30 * MINUTE)
    await prisma.$cache.warm('predict')
    expect(asked()).toBe(before)
  })

  it.each<[string, CacheOptions, RegExp]>([
    ['a number', { predict: 5 as never }, /`predict`.*got 5/],
    ['no share', { predict: { sample: 0 } }, /`predict\.sample`.*above 0/],
    ['an unknown model', { predict: { models: ['Tags'] } }, /`predict\.models`.*"Tags"/],
    ['half a second', { predict: { every: 0.5 } }, /`predict\.every`.*1 second/],
    ['a misspelt option', { predict: { max: 5 } as never }, /`predict\.max`/],
    ['with `vary`', { predict: true, vary: () => 'a' }, /`predict`.*`vary`.*scope/],
    ['a warmer of that name', { warmers: [{ name: 'predict', run: () => {} }] }, /`warmers\.0\.name`.*another name/],
  ])('are refused: %s', (_, options, message) => {
    const set = () => processes.start(0, options)
    expect(set).toThrow(CacheConfigError)
    expect(set).toThrow(message)
  })
})
