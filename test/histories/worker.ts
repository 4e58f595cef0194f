import { isDeepStrictEqual } from 'node:util'
import { openClient } from '../support/clients.ts'
import type { Database } from '../support/databases.ts'
import { adapterFor } from '../support/provider.ts'
import { contestant } from './contestant.ts'
import { DATABASE_KINDS } from './database-kinds.ts'
import { diceOf } from './dice.ts'
import { faulty } from './faulty-adapter.ts'
import { now } from './history.ts'
import { Ledger } from './ledger.ts'
import { Loop } from './loop.ts'
import type { FromWorker, ToWorker, WorkerOptions } from './messages.ts'
import { type Db, READS } from './reads.ts'
import { OWNERS } from './world.ts'

// One process: a client of its own, and loops that read and write through it until they are stopped.

const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions
const { slot, incarnation, concurrency, seed, writes, delays } = options
const families = options.workers * OWNERS

const tell = (message: FromWorker) => void process.send?.(message)
// Its parent is gone: nobody is left to stop it.
process.on('disconnect', () => process.exit(1))

let dying = false
let clockOffsetMs = 0
let stopped = false

const chaos = diceOf(seed * 7919 + slot * 101 + incarnation)
const pass = async (chance: number) => {
  // Most delays are short, some outlast everything.
  if (chaos.chance(chance)) await new Promise((resolve) => setTimeout(resolve, chaos.below(delays.ms) ** 2 / delays.ms))
}
const interference = {
  beforeRead: () => pass(delays.chance / 2),
  afterRead: () => pass(delays.chance),
  async afterCommit() {
    if (dying) process.kill(process.pid, 'SIGKILL')
    await pass(delays.chance)
  },
}

const { provider } = options
const adapter = () => faulty(adapterFor(provider, options.database), interference)
// Typed as PostgreSQL's: what the other one's client lacks is left out.
const database = { provider, adapter } as unknown as Database<'postgresql'>
const { prisma: plain, sql, close } = await openClient(database, slot % 2 === 0 ? 'ts' : 'js')
const client = contestant(plain, { ...options, clock: () => Date.now() + clockOffsetMs })
const ledger = new Ledger(options.history, slot, incarnation)
const errors: Record<string, number> = {}
const failed = (what: string) => {
  errors[what] = (errors[what] ?? 0) + 1
}

let kept = 0
let watching = false
/** Notes when all that was kept has been delivered. */
async function watchDelivery(): Promise<void> {
  if (watching) return
  watching = true
  for (let before = -1; before !== kept || !(await client.delivered()) || before !== kept; ) {
    before = kept
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  ledger.delivered(now())
  watching = false
}
const keeping = () => {
  kept += 1
  void watchDelivery()
}

const loops = Array.from({ length: concurrency }, (_, index) => {
  const family = index < OWNERS ? slot * OWNERS + index : undefined
  const dice = diceOf(((seed * 1009 + slot) * 1009 + incarnation) * 1009 + index)
  return new Loop({
    client,
    plain,
    ledger,
    dice,
    family,
    families,
    database: DATABASE_KINDS[provider],
    firstVersion: incarnation * 1e6,
    writes,
    failed,
    kept: keeping,
  })
})

async function run(loop: Loop): Promise<void> {
  await loop.begin()
  while (!stopped) await loop.step()
}

/** Every read in several forms, through the cache until it can be answered from there, and past it. */
async function compare(): Promise<FromWorker> {
  const different: string[] = []
  const forms = 3
  const bare: Db = { prisma: plain, raw: (_, statement) => statement }
  for (const [name, read] of READS) {
    for (let form = 0; form < forms; form += 1) {
      const ask = (db: Db) => read(db, diceOf(form * 31 + 1), families)
      const expected = await ask(bare)
      for (let time = 0; time < 2; time += 1) {
        const start = now()
        const { data, from } = await client.watch(() => ask(client))
        ledger.read(start, `final ${name} [${from}]`, data)
        if (!isDeepStrictEqual(sorted(data), sorted(expected))) {
          different.push(`${name} [${from}]: ${JSON.stringify(data)} instead of ${JSON.stringify(expected)}`)
        }
      }
    }
  }
  return { kind: 'compared', different, compared: READS.length * forms * 2 }
}

/** Rows of a list that asks for no order come in any: a write to columns it does not read may change that. */
const sorted = ({ states = [], counters = [], torn = [] }: Awaited<ReturnType<(typeof READS)[number][1]>>) => ({
  states: states.map(String).sort(),
  counters: counters.map(String).sort(),
  torn: [...torn].sort(),
})

function figures(): void {
  const { hits, all } = client.reads()
  tell({ kind: 'figures', hits, reads: all, errors })
  sql.clear()
}

const running = Promise.all(loops.map(run))
running.catch((error: unknown) => {
  process.stderr.write(`worker ${slot}: ${error instanceof Error ? error.stack : String(error)}\n`)
  process.exit(1)
})
const reporting = setInterval(figures, 250)

async function until(done: () => Promise<boolean>, ms: number): Promise<void> {
  for (const deadline = Date.now() + ms; !(await done()) && Date.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

process.on('message', async (message: ToWorker) => {
  switch (message.kind) {
    case 'die at the next commit':
      dying = true
      return
    case 'clock':
      clockOffsetMs = message.offsetMs
      return
    case 'stop':
      stopped = true
      await running
      await until(() => client.healthy(), 15_000)
      tell({ kind: 'stopped' })
      return
    case 'final':
      tell(await compare())
      return
    case 'end':
      clearInterval(reporting)
      figures()
      await client.close()
      await close()
      process.disconnect()
  }
})
tell({ kind: 'ready' })
