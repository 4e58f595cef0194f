import { expect, it } from 'vitest'
import { CacheConfigError } from '../../src/index.ts'
import { describeCombinations } from '../support/matrix.ts'
import { type Process, slowRead, statusOf, useProcesses } from './processes.ts'

describeCombinations('a query kept warm', (bed) => {
  const processes = useProcesses(bed)
  const names = (prisma: Process['prisma']) => prisma.tag.findMany({ orderBy: { name: 'asc' } })
  const add = (prisma: Process['prisma'], name: string) => prisma.tag.create({ data: { name } })

  async function warmed() {
    const process = processes.start()
    const cool = process.prisma.$cache.keepWarm('names', () => names(process.prisma))
    await process.settled()
    process.sql.clear()
    const read = async ({ prisma } = process) => {
      const { data, info } = await prisma.$cache.withCacheInfo(names(prisma))
      return [data.map(({ name }) => name).join(), info.status]
    }
    return { ...process, cool, read }
  }

  it('is stored before anybody asks, and again after each write to what it depends on', async () => {
    const { prisma, settled, read, sql } = await warmed()
    expect(await read()).toEqual(['', 'hit'])
    for (const [name, all] of [
      ['a', 'a'],
      ['b', 'a,b'],
    ] as const) {
      sql.clear()
      await add(prisma, name)
      await settled()
      // From the database, not from the row that was written.
      expect(sql.count(/^SELECT .*Tag/)).toBe(1)
      expect(await read()).toEqual([all, 'hit'])
    }
  })

  it('is left alone by a write to something else', async () => {
    const { prisma, settled, events } = await warmed()
    events.splice(0)
    await prisma.user.create({ data: { email: 'ada@example.test' } })
    await settled()
    expect(events.map(({ type }) => type)).toEqual(['invalidate'])
  })

  it('is read after a commit, not after a rollback', async () => {
    const { prisma, settled, read, sql } = await warmed()
    const never = prisma.$transaction(async (tx) => {
      await tx.tag.create({ data: { name: 'never' } })
      throw new Error('back')
    })
    await expect(never).rejects.toThrow('back')
    await settled()
    expect(sql.count(/^SELECT .*"color".*Tag.* ORDER BY/)).toBe(0)
    await prisma.$transaction((tx) => tx.tag.create({ data: { name: 'a' } }))
    await settled()
    expect(await read()).toEqual(['a', 'hit'])
  })

  it('is read once more, and no oftener, for all that is written while it is read', async () => {
    const { prisma, settled, read, sql } = await warmed()
    const slow = await slowRead(sql, () => add(prisma, 'a'), /^SELECT .*Tag.* ORDER BY/)
    for (const name of ['b', 'c', 'd']) await add(prisma, name)
    await slow.finish()
    await settled()
    expect(sql.count(/^SELECT .*Tag.* ORDER BY/)).toBe(2)
    expect(await read()).toEqual(['a,b,c,d', 'hit'])
  })

  it('does not count among the reads of whoever wrote', async () => {
    const { prisma, settled } = await warmed()
    const { reads } = await prisma.$cache.collectCacheInfo(async () => {
      await add(prisma, 'a')
      await settled()
    })
    expect(reads).toEqual([])
  })

  it('hears nothing of other processes, and is no staler for it', async () => {
    const { read } = await warmed()
    await add(processes.start(1).prisma, 'a')
    expect(await read()).toEqual(['a', 'miss'])
  })

  it('fails without a sound, and is tried again with the next write', async () => {
    const process = processes.start()
    let fails = true
    process.prisma.$cache.keepWarm('names', async () => {
      if (fails) throw new Error('not now')
      await names(process.prisma)
    })
    await process.settled()
    expect(process.events.filter((event) => event.type === 'error')).toMatchObject([{ during: 'refresh' }])
    fails = false
    await add(process.prisma, 'a')
    await process.settled()
    expect(await statusOf(process.prisma, names(process.prisma))).toBe('hit')
  })

  it('cools down when it is ended, or another takes its name', async () => {
    for (const end of ['cool', 'replace'] as const) {
      const { prisma, settled, cool, read } = await warmed()
      if (end === 'cool') cool()
      else prisma.$cache.keepWarm('names', async () => {})
      await settled()
      await add(prisma, end)
      await settled()
      expect((await read())[1]).toBe('miss')
    }
  })

  it('that is ended while it is read is not read again', async () => {
    const { prisma, settled, cool, sql } = await warmed()
    const slow = await slowRead(sql, () => add(prisma, 'a'), /^SELECT .*Tag.* ORDER BY/)
    await add(prisma, 'b')
    cool()
    await slow.finish()
    await settled()
    expect(sql.count(/^SELECT .*Tag.* ORDER BY/)).toBe(1)
  })

  it('must be given as a function', async () => {
    const { prisma } = processes.start()
    const query = names(prisma) as unknown as () => Promise<unknown>
    expect(() => prisma.$cache.keepWarm('names', query)).toThrow(CacheConfigError)
    expect(() => prisma.$cache.keepWarm('', async () => {})).toThrow('Give a name')
  })
})
