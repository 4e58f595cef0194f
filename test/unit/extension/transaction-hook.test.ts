import { beforeEach, describe, expect, it } from 'vitest'
import { type CacheEvent, EventHub } from '../../../src/events.ts'
import type { AnyClient } from '../../../src/extension/client.ts'
import { transactionHook } from '../../../src/extension/transaction-hook.ts'
import { tagsAlone } from '../../../src/query/write-set.ts'
import type { Holds } from '../../../src/write/holds.ts'
import type { Intents } from '../../../src/write/intents.ts'
import { Outbox } from '../../../src/write/outbox.ts'
import { TransactionScopes } from '../../../src/write/transaction-scopes.ts'

type Callback = (transaction: unknown) => Promise<unknown>
type Open = (callback: Callback, options?: unknown) => Promise<unknown>

let story: string[]
let outbox: Outbox
let events: CacheEvent[]
let undoesAll: boolean
let timeoutMs: number

beforeEach(() => {
  undoesAll = true
  timeoutMs = 20_000
  story = []
  events = []
  outbox = new Outbox()
})

const noHolds = {
  take: () => undefined,
  leave: async () => {},
  batch: (run: () => unknown) => run(),
} as unknown as Holds
const noIntents = { leave: () => undefined } as unknown as Intents

/** Our `$transaction` over one that opens transactions in this way. */
function over(open: Open) {
  const hub = new EventHub()
  hub.on('*', (event) => events.push(event))
  const parent = {
    $transaction(this: unknown, input: Callback, options: unknown) {
      story.push(`of ${String(this)}`)
      return open(input, options)
    },
  } as unknown as AnyClient
  const $transaction = transactionHook(parent, {
    outbox,
    events: hub,
    invalidate: async ({ tags }) => {
      await undefined
      story.push(`moved ${[...tags].join()}`)
      return 'delivered'
    },
    holds: noHolds,
    intents: noIntents,
    transactions: new TransactionScopes(),
    undoesAll: () => undoesAll,
    timeoutMs,
    begin: () => {
      story.push('begun')
      return () => void story.push('ended')
    },
  })
  return (input: unknown, options?: unknown): Promise<unknown> =>
    $transaction.call('the outermost client', input, options)
}

const client = { $cache: {}, [Symbol.for('prisma.client.transaction.scope_context')]: { txId: 'tx' } }
const commits: Open = (callback) => callback(client)
const write = async () => {
  outbox.add('tx', tagsAlone(['User']))
  return 'result'
}

describe('an interactive transaction', () => {
  it('that commits moves its tags before the caller goes on', async () => {
    expect(await over(commits)(write)).toBe('result')
    expect(story).toEqual(['begun', 'of the outermost client', 'ended', 'moved User'])
  })

  it('that its callback rolls back moves none', async () => {
    const error = new Error('mine')
    const run = async () => {
      await write()
      throw error
    }
    await expect(over(commits)(run)).rejects.toBe(error)
    expect(story).toEqual(['begun', 'of the outermost client', 'ended'])
    expect(outbox.close('tx')).toBeUndefined()
  })

  describe('that its callback rolls back moves its tags all the same', () => {
    const rolledBack = async (run: () => void | Promise<void> = () => {}, options?: unknown) => {
      const failing = async () => {
        await write()
        await run()
        throw new Error('mine')
      }
      await expect(over(commits)(failing, options)).rejects.toThrow('mine')
      return story.at(-1)
    }

    it('when a statement in it may have ended it before', async () => {
      expect(await rolledBack(() => outbox.doubt('tx'))).toBe('moved User')
    })

    it('when the database, or an extension behind ours, may have kept what it wrote', async () => {
      undoesAll = false
      expect(await rolledBack()).toBe('moved User')
    })

    it.each([0, Number.NaN])('when it outlasted its own timeout, or that cannot be told: %d', async (timeout) => {
      expect(await rolledBack(undefined, { timeout })).toBe('moved User')
    })

    it('when it outlasted the timeout of the client', async () => {
      timeoutMs = 0
      expect(await rolledBack()).toBe('moved User')
      expect(await rolledBack(undefined, { timeout: 20_000 })).toBe('ended')
    })

    it('when one inside it is still open: the commit of that may be taken for its own', async () => {
      let end = () => {}
      const inner = () =>
        over(commits)(
          () =>
            new Promise((_, reject) => {
              end = () => reject(new Error('inner'))
            }),
        )
      let open: Promise<unknown> | undefined
      expect(await rolledBack(() => void (open = inner()))).toBe('ended')
      end()
      await expect(open).rejects.toThrow('inner')
      expect(story.at(-1)).toBe('moved User')
    })
  })

  it('whose commit failed moves its tags: it may have taken effect', async () => {
    const lost: Open = async (callback) => {
      await callback(client)
      throw new Error('connection lost')
    }
    await expect(over(lost)(write)).rejects.toThrow('connection lost')
    expect(story.at(-1)).toBe('moved User')
  })

  it('that never began moves nothing', async () => {
    const full: Open = async () => {
      throw new Error('no connection')
    }
    await expect(over(full)(write)).rejects.toThrow('no connection')
    expect(story).toEqual(['begun', 'of the outermost client', 'ended'])
  })

  it('inside another moves nothing before the outer one', async () => {
    const $transaction = over(commits)
    await $transaction(async () => {
      await $transaction(write)
      story.push('still inside')
    })
    expect(story.slice(-2)).toEqual(['ended', 'moved User'])
    expect(story.indexOf('moved User')).toBeGreaterThan(story.indexOf('still inside'))
  })

  it('inside another, rolled back to where it began, leaves its tags: a miss at most', async () => {
    const $transaction = over(commits)
    await $transaction(async () => {
      await $transaction(async () => {
        await write()
        throw new Error('back')
      }).catch(() => {})
    })
    expect(story.at(-1)).toBe('moved User')
  })

  it('has its options passed on', async () => {
    let seen: unknown
    await over((callback, options) => {
      seen = options
      return callback(client)
    })(write, { timeout: 5 })
    expect(seen).toEqual({ timeout: 5 })
  })

  it.each<[string, unknown]>([
    ['shows no id', { $cache: {} }],
    ['lacks this extension', { ...client, $cache: undefined }],
  ])('whose client %s is reported, and runs', async (_, transaction) => {
    expect(await over((callback) => callback(transaction))(async () => 'result')).toBe('result')
    expect(events).toMatchObject([{ type: 'error', during: 'transaction' }])
  })
})

describe('a batch', () => {
  it('is passed on, and counts as open until it has ended', async () => {
    const input: unknown[] = []
    const $transaction = over(async (given) => {
      expect(given).toBe(input)
      story.push('ran')
      return ['result']
    })
    expect(await $transaction(input)).toEqual(['result'])
    expect(story).toEqual(['begun', 'of the outermost client', 'ran', 'ended'])
  })

  it('counts as open no longer when it failed', async () => {
    const $transaction = over(async () => {
      throw new Error('failed')
    })
    await expect($transaction([])).rejects.toThrow('failed')
    expect(story.at(-1)).toBe('ended')
  })

  it('is refused at the call, as Prisma refuses what is no promise of its own, and counts as open no longer', () => {
    const $transaction = over(() => {
      throw new Error('All elements of the array need to be Prisma Client promises')
    })
    expect(() => $transaction([1])).toThrow('All elements')
    expect(story).toEqual(['begun', 'of the outermost client', 'ended'])
  })
})
