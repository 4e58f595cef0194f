import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tagsAlone } from '../../../src/query/write-set.ts'
import { changedNothing } from '../../../src/write/failed-write.ts'
import type { Holds } from '../../../src/write/holds.ts'
import type { Intents } from '../../../src/write/intents.ts'
import { Outbox } from '../../../src/write/outbox.ts'
import { type WriteCall, type WriteContext, writeInvalidate } from '../../../src/write/write-invalidate.ts'

const noHolds = {
  take: () => undefined,
  leave: async () => {},
  batch: (run: () => unknown) => run(),
} as unknown as Holds
const noIntents = { leave: () => undefined } as unknown as Intents

let story: string[]
let outbox: Outbox
let context: WriteContext

beforeEach(() => {
  vi.useFakeTimers()
  story = []
  outbox = new Outbox()
  context = {
    outbox,
    invalidate: async ({ tags }) => {
      await undefined
      story.push(`moved ${[...tags].join()}`)
      return 'delivered'
    },
    begin: () => {
      story.push('begun')
      return () => void story.push('ended')
    },
    holds: noHolds,
    intents: noIntents,
    orphanMs: 7000,
  }
})
afterEach(() => {
  vi.useRealTimers()
})

const write = (over: Partial<WriteCall> = {}): Promise<unknown> =>
  writeInvalidate(
    {
      cause: 'write',
      model: 'User',
      operation: 'create',
      transaction: undefined,
      run: async () => {
        story.push('ran')
        return 'row'
      },
      changes: (result) => tagsAlone([`of ${result}`]),
      failure: (error) => changedNothing(error, 'create', 'sqlite'),
      ...over,
    },
    context,
  )
const failing = (error: unknown) => async () => {
  throw error
}

describe('a write', () => {
  it('moves its tags when it has run, and before the caller goes on', async () => {
    expect(await write().then((result) => story.push(`caller has ${result}`))).toBe(5)
    expect(story).toEqual(['begun', 'ran', 'ended', 'moved of row', 'caller has row'])
  })

  it('in a batch does the same: Prisma resolves its elements after the commit', async () => {
    await write({ transaction: { kind: 'batch', id: '1' } })
    expect(story).toContain('moved of row')
  })

  it('that failed in a way that leaves the outcome open moves what its arguments say', async () => {
    const error = new Error('connection lost')
    await expect(write({ run: failing(error) })).rejects.toBe(error)
    expect(story).toEqual(['begun', 'moved of undefined', 'ended'])
  })

  it('whose errors are not the database’s own moves its tags, whatever the error says', async () => {
    const error = Object.assign(new Error('taken'), { name: 'PrismaClientKnownRequestError', code: 'P2002' })
    await expect(write({ run: failing(error), failure: undefined })).rejects.toBe(error)
    expect(story).toContain('moved of undefined')
  })

  it('that was refused moves nothing', async () => {
    const error = Object.assign(new Error('taken'), { name: 'PrismaClientKnownRequestError', code: 'P2002' })
    await expect(write({ run: failing(error) })).rejects.toBe(error)
    expect(story).toEqual(['begun', 'ended'])
  })
})

describe('a write in an interactive transaction', () => {
  const transaction = { kind: 'interactive', id: 'tx' } as const

  it('leaves its tags to wait for the commit', async () => {
    outbox.open('tx')
    await write({ transaction })
    expect(story).toEqual(['begun', 'ran', 'ended'])
    expect(outbox.close('tx')?.writes.tags).toEqual(new Set(['of row']))
  })

  it('that was refused leaves its tags all the same: what it did before may stand, as on SQLite', async () => {
    outbox.open('tx')
    const error = Object.assign(new Error('taken'), { name: 'PrismaClientKnownRequestError', code: 'P2002' })
    await expect(write({ transaction, run: failing(error) })).rejects.toBe(error)
    expect(outbox.close('tx')?.writes.tags).toEqual(new Set(['of undefined']))
  })

  it('in a transaction that may have been committed already invalidates at once what it gathered, and waits as well', async () => {
    outbox.open('tx')
    await write({ transaction })
    outbox.doubt('tx')
    await write({ transaction, changes: () => tagsAlone(['later']) })
    expect(story.at(-1)).toBe('moved of row,later')
    expect(outbox.close('tx')).toMatchObject({ inDoubt: true, writes: { tags: new Set(['of row', 'later']) } })
  })

  it('that another extension opened past us moves now, and again when it must be over', async () => {
    await write({ transaction })
    expect(story).toEqual(['begun', 'ran', 'ended', 'moved of row'])
    await vi.advanceTimersByTimeAsync(6999)
    expect(story).toHaveLength(4)
    await vi.advanceTimersByTimeAsync(1)
    expect(story.at(-1)).toBe('moved of row')
    expect(story).toHaveLength(5)
  })
})
