import { Redis } from 'ioredis'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { redisStore } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import { did, useSpec } from './support.ts'

describe('processes that meet a server together', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  function connect(): Redis {
    const client = new Redis(inject('servers').redisUrl)
    onTestFinished(() => client.disconnect())
    return client
  }

  /** A client whose first SCAN is not sent before the gate is opened: it has seen by then that the server is not noted. */
  function slowToScan() {
    let open = () => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    let reached = () => {}
    const waits = new Promise<void>((resolve) => (reached = resolve))
    const client = connect()
    const pipeline = client.pipeline.bind(client)
    client.pipeline = ((commands: string[][]) => {
      if (commands[0]?.[0]?.toLowerCase() !== 'scan') return pipeline(commands)
      reached()
      return { exec: () => opened.then(() => pipeline(commands).exec()) }
    }) as typeof client.pipeline
    return { client, open, waits }
  }

  it('drop once what was there before: the last to come leaves alone what the first has stored since', async () => {
    const prefix = freshNamespace()
    const slow = slowToScan()
    const late = spec.cached({ prefix, store: redisStore(slow.client), breaker: { quarantineMs: 0 } })
    const lateRead = did(late.prisma, late.prisma.tag.findMany())
    await slow.waits

    const first = spec.cached({ prefix, store: redisStore(connect()), breaker: { quarantineMs: 0 } })
    const read = () => did(first.prisma, first.prisma.user.findMany())
    expect(await read()).toBe('miss')
    await first.prisma.$cache.settled()
    expect(await read()).toBe('hit')

    slow.open()
    expect(await lateRead).toBe('miss')
    expect(await read()).toBe('hit')
  })

  it('drop it all the same where nobody else has', async () => {
    const prefix = freshNamespace()
    const before = spec.cached({ prefix, store: redisStore(connect()), breaker: { quarantineMs: 0 } })
    const read = (db: typeof before.prisma) => did(db, db.user.findMany())
    expect(await read(before.prisma)).toBe('miss')
    await before.prisma.$cache.settled()
    // A note that speaks of another server: this one was promoted, or restored from a copy.
    await connect().set(`${prefix}server`, 'another:0')
    const after = spec.cached({ prefix, store: redisStore(connect()), breaker: { quarantineMs: 0 } })
    expect(await read(after.prisma)).toBe('miss')
  })
})
