import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CacheOptions } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import { withTimeout } from '../support/with-timeout.ts'
import type { FromStampede, StampedeOptions, ToStampede } from './stampede-process.ts'

const SCRIPT = fileURLToPath(new URL('./stampede-process.ts', import.meta.url))
/** Every miss takes a lease; nobody is late on a slow machine. */
const lease = { minQueryMs: 0, waitMs: 30_000, leaseMs: 60_000 }

type Told<Kind extends FromStampede['kind']> = Extract<FromStampede, { kind: Kind }>

describe('misses of one entry in several processes', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const children: ChildProcess[] = []
  let redis: Redis
  let prefix: string
  beforeAll(() => {
    redis = new Redis(inject('servers').redisUrl)
  })
  beforeEach(async () => {
    prefix = freshNamespace()
    await bed.database.reset()
    await bed.database.execute(`INSERT INTO "catalog products" (id, sku, price, stock) VALUES (1, 'bolt', 1, 1)`)
  })
  afterEach(async () => {
    const ends = children.map((child) => child.exitCode === null && child.signalCode === null && once(child, 'exit'))
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await Promise.all(ends)
  })
  afterAll(() => redis.disconnect())

  async function start(more: Partial<StampedeOptions> = {}) {
    const options: StampedeOptions = {
      database: bed.database.url,
      redis: inject('servers').redisUrl,
      prefix,
      lease,
      queryMs: 200,
      ...more,
    }
    const child = fork(SCRIPT, [JSON.stringify(options)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    const told = <Kind extends FromStampede['kind']>(kind: Kind): Promise<Told<Kind>> => {
      const answer = new Promise<Told<Kind>>((resolve) => {
        const listen = (message: FromStampede) => {
          if (message.kind !== kind) return
          child.off('message', listen)
          resolve(message as Told<Kind>)
        }
        child.on('message', listen)
      })
      return withTimeout(answer, kind)
    }
    const tell = (message: ToStampede) => void child.send(message)
    await told('ready')
    return {
      child,
      told,
      answer: () => tell({ kind: 'answer' }),
      read(times = 1) {
        const answer = told('read')
        tell({ kind: 'read', times })
        return answer
      },
      async write(stock: number) {
        const written = told('written')
        tell({ kind: 'write', stock })
        await written
      },
    }
  }
  const startMany = (count: number, options: Partial<StampedeOptions> = {}) =>
    Promise.all(Array.from({ length: count }, () => start(options)))
  const leases = () => redis.keys(`${prefix}lease:*`)

  it('become one query, and again one after a write', async () => {
    const processes = await startMany(4)
    const [first] = processes
    for (const stock of [1, 2]) {
      if (stock === 2) await first?.write(stock)
      const reads = await Promise.all(processes.map((one) => one.read(250)))
      expect(reads.flatMap(({ stocks }) => stocks).filter((seen) => seen !== stock)).toEqual([])
      expect(reads.reduce((sum, { queries }) => sum + queries, 0)).toBe(1)
      expect(reads.reduce((sum, { coalesced }) => sum + coalesced, 0)).toBe(999)
    }
    expect(await leases()).toEqual([])
  })

  it('are a query each without it', async () => {
    const processes = await startMany(2, { lease: false, queryMs: undefined })
    const asked = processes.map(({ told }) => told('asked'))
    const reading = processes.map((one) => one.read(10))
    await Promise.all(asked)
    for (const one of processes) one.answer()
    const reads = await Promise.all(reading)
    expect(reads.map(({ queries }) => queries)).toEqual([1, 1])
  })

  it('wait a bounded time for a process that was killed, and then ask', async () => {
    const dying = await start({ queryMs: undefined })
    const waits = (options: CacheOptions['lease']) => start({ lease: options, queryMs: 0 })
    const [patient, waiting] = await Promise.all([waits(lease), waits({ ...lease, waitMs: 300 })])
    const asked = dying.told('asked')
    void dying.read().catch(() => {})
    await asked
    dying.child.kill('SIGKILL')
    expect(await leases()).toHaveLength(1)
    const read = await waiting.read()
    expect(read).toMatchObject({ stocks: [1], queries: 1 })
    expect(await patient.read()).toMatchObject({ stocks: [1], queries: 0 })
  })

  it('have the lease of one that died when its time is over', async () => {
    const short = { ...lease, leaseMs: 1000 }
    const [dying, other] = await Promise.all([
      start({ queryMs: undefined, lease: short }),
      start({ queryMs: 0, lease: short }),
    ])
    const asked = dying.told('asked')
    void dying.read().catch(() => {})
    await asked
    dying.child.kill('SIGKILL')
    const read = await other.read(20)
    expect(read).toMatchObject({ queries: 1, stocks: Array(20).fill(1) })
  })

  it('that begin after a write do not wait for a query from before it', async () => {
    const [slow, fast] = await Promise.all([start({ queryMs: undefined }), start({ queryMs: 0 })])
    // The tags have versions, which the write moves.
    await fast.read()
    await fast.write(2)
    const asked = slow.told('asked')
    const old = slow.read()
    await asked
    await fast.write(3)
    const read = await fast.read()
    expect(read).toMatchObject({ stocks: [3], queries: 1 })
    slow.answer()
    await old
    expect((await fast.read()).stocks).toEqual([3])
  })
})
