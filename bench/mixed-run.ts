/** One contender in a process of its own, started by `mixed.ts`: takes a job, and sends back what came of it. */
import { createHook } from 'node:async_hooks'
import { Redis } from 'ioredis'
import { adapterFor } from '../test/support/provider.ts'
import type { Package } from './compare/ours.ts'
import { differences } from './compare/verify.ts'
import { quantile } from './environment.ts'
import { CONTENDERS, type Opened } from './mixed/contenders.ts'
import type { Checked, Job, Latency, Mark, Percentiles, PromiseCounts, Timing, Verified } from './mixed/job.ts'
import { hopelessReads, MIXED_READS } from './mixed/reads.ts'
import { serverCpu } from './mixed/server-cpu.ts'
import { countStatements } from './mixed/statements.ts'
import { drive } from './precision/drive.ts'
import { perform } from './precision/replay.ts'
import { type ExtensibleClient, openShopClient } from './precision/shop-client.ts'
import { shopRows } from './precision/shop-rows.ts'
import { type Call, type TracedRead, traceOf } from './precision/trace.ts'
import { seededRandom } from './random.ts'

process.once('message', (job: Job) => {
  run(job).then(
    (result) => process.send?.({ result }, () => process.disconnect()),
    (error: unknown) => process.send?.({ error: String((error as Error).stack ?? error) }, () => process.exit(1)),
  )
})

async function run(job: Job): Promise<unknown> {
  const contender = CONTENDERS.find(({ name }) => name === job.contender)
  if (!contender) throw new Error(`no contender ${job.contender}`)
  const built: Package = await import(job.packageUrl)
  const counted = countStatements(adapterFor(job.provider, job.databaseUrl))
  const plain = await openShopClient(job.provider, counted.adapter)
  const opened = contender.open(plain, job.redisUrl, built)
  try {
    switch (job.kind) {
      case 'verify':
        return await verify(job, plain, opened)
      case 'time':
        return await time(job, opened, counted.count)
      case 'check':
        return await check(job, plain, opened)
      default:
        return await countPromises(job, opened)
    }
  } finally {
    await opened.settled()
    await opened.close()
    await plain.$disconnect()
  }
}

function traced({ seed, skew, scale, mix, calls }: Job): readonly Call[] {
  const rows = shopRows(scale, skew, seededRandom(seed))
  if (mix === 'hopeless') return traceOf({ rows, seed, skew, calls, writes: 0, reads: hopelessReads() })
  const [reads = 0, writes = 0] = mix.split('/').map(Number)
  return traceOf({ rows, seed, skew, calls, writes: writes / (reads + writes), reads: MIXED_READS })
}

/** Every kind of read twice: as a miss and as a hit. */
async function verify(job: Job, plain: ExtensibleClient, opened: Opened): Promise<Verified> {
  const reads = traced(job).filter((call) => call.type === 'read')
  const found = new Set<string>()
  for (let time = 0; time < 2; time += 1) {
    for (const read of reads) {
      for (const kind of differences(await perform(plain, read), await opened.perform(read))) found.add(kind)
    }
    await opened.settled()
  }
  return { reads: reads.length, differences: [...found] }
}

/** Calls between two marks. */
const STEP = 500

async function time(job: Job, opened: Opened, statements: () => number): Promise<Timing> {
  const calls = traced(job)
  const redis = new Redis(job.redisUrl)
  await redis.flushall()
  const bytesBefore = await usedBytes(redis)
  const took = {
    cold: { read: [] as number[], write: [] as number[] },
    warm: { read: [] as number[], write: [] as number[] },
  }
  const marks: Mark[] = []
  const before = serverTimes(job)
  const [begun, cpuBegun, sent] = [performance.now(), process.cpuUsage(), statements()]
  const mark = (at: number) => {
    const { user, system } = process.cpuUsage(cpuBegun)
    marks.push({ at, ms: performance.now() - begun, cpuMicros: user + system, statements: statements() - sent })
  }
  const refused = await drive(calls, job.inFlight, opened.perform, {
    started(at) {
      if (at % STEP === 0) mark(at)
    },
    ended(at, call, ms) {
      took[at < job.cold ? 'cold' : 'warm'][call.type].push(ms)
    },
  })
  // What is stored behind the last answers is part of the cost.
  await opened.settled()
  mark(calls.length)
  const after = serverTimes(job)
  const timing = {
    marks,
    cold: latency(took.cold),
    warm: latency(took.warm),
    hitRatio: opened.hitRatio(),
    refused,
    errors: Object.fromEntries(opened.errors),
    redisKeys: await redis.dbsize(),
    redisBytes: (await usedBytes(redis)) - bytesBefore,
    serverCpu: Object.fromEntries(
      Object.entries(after).map(([name, micros = Number.NaN]) => [name, (micros - (before[name] ?? 0)) / calls.length]),
    ),
  }
  redis.disconnect()
  return timing
}

const serverTimes = ({ servers }: Job) =>
  Object.fromEntries(Object.entries(servers).map(([name, pid]) => [name, serverCpu(pid)]))

const latency = ({ read, write }: { read: readonly number[]; write: readonly number[] }): Latency => ({
  read: percentiles(read),
  write: percentiles(write),
})

const percentiles = (took: readonly number[]): Percentiles => ({ p50: quantile(took, 0.5), p99: quantile(took, 0.99) })

async function usedBytes(redis: Redis): Promise<number> {
  return Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1])
}

/** One read in so many is checked. */
const CHECKED = 4
const EXAMPLES = 3

/**
 * The database is asked before such a read begins and after it ended. Where it said the same both times nothing changed
 * in between, for no write of the trace leaves a value that was there before, and the read must have said the same too.
 */
async function check(job: Job, plain: ExtensibleClient, opened: Opened): Promise<Checked> {
  const examples: string[] = []
  let [reads, checked, stale] = [0, 0, 0]
  const checkedRead = async (read: TracedRead) => {
    const before = textOf(await perform(plain, read))
    const answer = textOf(await opened.perform(read))
    if (textOf(await perform(plain, read)) !== before) return
    checked += 1
    if (answer === before) return
    stale += 1
    if (examples.length < EXAMPLES)
      examples.push(`${read.kind} ${read.query}\n    answer   ${clipped(answer)}\n    database ${clipped(before)}`)
  }
  await drive(
    traced(job),
    job.inFlight,
    (call) => (call.type === 'read' && reads++ % CHECKED === 0 ? checkedRead(call) : opened.perform(call)),
    {},
  )
  return { checked, stale, examples }
}

const clipped = (text: string) => (text.length > 300 ? `${text.slice(0, 300)}…` : text)

/** Dates as JSON has them: some contenders keep no types, which `verify` tells. */
const textOf = (answer: unknown) => JSON.stringify(answer)

const COUNTED = 300

async function countPromises(job: Job, opened: Opened): Promise<PromiseCounts> {
  const misses = traced({ ...job, mix: 'hopeless', calls: 2 * COUNTED })
  const updates = traced({ ...job, mix: '0/100', calls: 20 * COUNTED }).filter(({ kind }) => kind === 'view counted')
  const hit = misses[0] as Call
  const count = async (calls: readonly Call[]) => {
    let promises = 0
    const hook = createHook({
      init(_id, type) {
        if (type === 'PROMISE') promises += 1
      },
    })
    for (const call of calls.slice(0, COUNTED / 3)) await opened.perform(call)
    await opened.settled()
    hook.enable()
    for (const call of calls.slice(COUNTED / 3, COUNTED)) await opened.perform(call)
    await opened.settled()
    hook.disable()
    return promises / (COUNTED - COUNTED / 3)
  }
  return {
    miss: await count(misses),
    hit: await count(Array.from({ length: COUNTED }, () => hit)),
    write: await count(updates),
  }
}
