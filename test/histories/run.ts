import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Coherence } from '../../src/index.ts'
import { guardAgainstOrphan } from '../support/orphan-guard.ts'
import { withConnection } from '../support/provider.ts'
import { startRedis } from '../support/redis-server.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'
import { ACCOUNTS_SQL, initialAccounts } from './accounts.ts'
import { check, type Verdict } from './check.ts'
import type { Invalidation, Mode } from './contestant.ts'
import { DATABASE_KINDS, type Served } from './database-kinds.ts'
import { diceOf } from './dice.ts'
import { delaysOf, type Scene, type Schedule, ttlOf, type Victim } from './faults.ts'
import { type Line, now, readLines } from './history.ts'
import type { FromWorker, ToWorker, WorkerOptions } from './messages.ts'
import { startRedisLine } from './redis-line.ts'
import { initialStaff, staffSql } from './staff.ts'
import { initialStates, OWNERS, seedSql } from './world.ts'

export interface RunOptions {
  readonly seconds: number
  readonly seed: number
  readonly workers: number
  readonly concurrency: number
  /** The share of steps that write. */
  readonly writes: number
  readonly mode: Mode
  readonly invalidation?: Invalidation | undefined
  /** Copies in each process. */
  readonly near?: Coherence | undefined
  readonly provider: Served
  /** A database with the test schema and `DOINGS`, for this run alone. */
  readonly database: string
  /** Keeps the histories there instead of throwing them away. */
  readonly keep?: string
}

export interface RunResult extends Verdict {
  readonly seconds: number
  readonly hitRatio: number
  readonly killed: number
  /** Queries that failed, by how. */
  readonly errors: Readonly<Record<string, number>>
  /** Last reads, after everything was over, that were not what the database says. */
  readonly different: readonly string[]
  readonly compared: number
}

class Over extends Error {}

/** Plays one schedule against workers, and judges what they did. */
export async function run(schedule: Schedule, options: RunOptions): Promise<RunResult> {
  const endings: (() => unknown)[] = []
  try {
    const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'query-cache-histories-'))
    if (!options.keep) {
      const guard = guardAgainstOrphan(folder)
      endings.push(() => {
        rmSync(folder, { recursive: true, force: true })
        guard.release()
      })
    }
    const redis = await startRedis()
    endings.push(() => redis.stop())
    const line = await startRedisLine(redis.port)
    endings.push(() => line.close())
    await withConnection(options.provider, options.database, (connection) =>
      connection.executeScript(
        [seedSql(options.provider), staffSql(options.workers * OWNERS), ACCOUNTS_SQL].join(';\n'),
      ),
    )

    const crew = new Crew(options, schedule, folder, line.port)
    endings.push(() => crew.kill())
    await crew.start()
    const begun = now()
    await play(schedule, { redis, line }, crew, options, endings)
    const seconds = (now() - begun) / 1e9
    await crew.stop()
    // What a killed writer could not tell is served until it expires.
    if (schedule.ttlMs !== undefined) await sleep(schedule.ttlMs)
    const { different, compared } = await crew.compare()
    await crew.end()

    const rules = { strict: options.mode === 'strict', toleratedMs: ttlOf(schedule) + 1000 }
    const verdict = check([seed(options), ...histories(folder)], rules)
    const { hits, reads, errors, killed } = crew.figures()
    return { ...verdict, seconds, hitRatio: reads === 0 ? 0 : hits / reads, errors, killed, different, compared }
  } finally {
    for (const end of endings.reverse()) await end()
  }
}

function seed({ workers }: RunOptions): Line[] {
  return [
    [
      'write',
      0,
      -2,
      [...initialStates(workers * OWNERS), ...initialStaff(workers * OWNERS), ...initialAccounts(workers * OWNERS)],
      [
        ['writes 1', 0],
        ['writes 2', 0],
      ],
      false,
    ],
    ['end', 0, -1, 'ok', []],
  ]
}

const histories = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => readLines(join(folder, name)))

async function play(
  schedule: Schedule,
  servers: Pick<Scene, 'redis' | 'line'>,
  crew: Crew,
  { seconds, seed }: RunOptions,
  endings: (() => unknown)[],
): Promise<void> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), seconds * 1000)
  const dice = diceOf(seed)
  const wait = async (ms: number) => {
    await sleep(ms, undefined, { signal: over.signal }).catch(() => {
      throw new Over()
    })
  }
  const scene: Scene = {
    ...servers,
    dice,
    wait,
    worker: () => crew.victim(dice.below(crew.size)),
    later: (undo) => void endings.push(undo),
  }
  try {
    await Promise.race([crew.failure, (schedule.play ?? ((_: Scene) => wait(seconds * 1000)))(scene)])
    await wait(seconds * 1000)
  } catch (error) {
    if (!(error instanceof Over)) throw error
  } finally {
    clearTimeout(timer)
    // From here on nothing is wrong any more.
    servers.line.answerWith(undefined)
    servers.line.cut()
  }
}

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url))
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The workers of a run; one that is killed is replaced by another of the same slot. */
class Crew {
  readonly size: number
  /** Rejects when a worker ends that nobody killed. */
  readonly failure: Promise<never>
  readonly #fail: (error: Error) => void
  readonly #options: RunOptions
  readonly #common: Omit<WorkerOptions, 'slot' | 'incarnation' | 'history' | 'database'>
  readonly #folder: string
  readonly #members: Member[]
  #killed = 0
  readonly #gone: Member[] = []

  constructor(options: RunOptions, schedule: Schedule, folder: string, redisPort: number) {
    this.size = options.workers
    this.#options = options
    this.#folder = folder
    const { workers, concurrency, seed, writes, mode, invalidation, near, provider } = options
    const redis = `redis://127.0.0.1:${redisPort}`
    const prefix = `histories-${randomUUID()}:`
    const [ttlMs, delays] = [ttlOf(schedule), delaysOf(schedule)]
    const given = { workers, concurrency, seed, writes, mode, invalidation, near, provider }
    this.#common = { ...given, redis, prefix, ttlMs, delays }
    this.#members = []
    let fail!: (error: Error) => void
    this.failure = new Promise<never>((_, reject) => {
      fail = reject
    })
    this.failure.catch(() => {})
    this.#fail = fail
  }

  async start(): Promise<void> {
    if (this.#options.provider === 'mysql') await this.#admit()
    for (let slot = 0; slot < this.size; slot += 1) this.#members.push(this.#hire(slot, 1))
    await Promise.all(this.#members.map((member) => member.ready))
  }

  victim(slot: number): Victim {
    const member = this.#members[slot]!
    return {
      dieAtCommit: () => this.#replace(member, () => member.tell({ kind: 'die at the next commit' })),
      die: () => this.#replace(member, () => member.process.kill('SIGKILL')),
      turnClock: (offsetMs) => member.tell({ kind: 'clock', offsetMs }),
    }
  }

  async #replace(member: Member, end: () => void): Promise<void> {
    const { slot, incarnation } = member.options
    member.expected = true
    end()
    await withTimeout(member.exited, 'the death of a worker')
    this.#killed += 1
    this.#gone.push(member)
    await this.#abandoned(member)
    const next = this.#hire(slot, incarnation + 1)
    this.#members[slot] = next
    await Promise.race([next.ready, this.failure])
  }

  /** MariaDB tells sessions apart by their user. */
  async #admit(): Promise<void> {
    const { provider, database } = this.#options
    const slots = [...Array(this.size).keys()]
    const users = slots.map((slot) => `GRANT ALL ON *.* TO '${sessionName(slot)}'@'%' IDENTIFIED BY ''`)
    await withConnection(provider, database, (connection) => connection.executeScript(users.join('; ')))
  }

  /** The database may still be at work for a process that is gone; its successor must find that done. */
  async #abandoned({ options: { slot } }: Member): Promise<void> {
    const { provider, database } = this.#options
    const sql = DATABASE_KINDS[provider].sessionsOf(sessionName(slot))
    await withConnection(provider, database, (connection) =>
      eventually(async () => {
        const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] })
        // MariaDB goes on for a client that is gone as long as it waits for a lock.
        if (provider === 'mysql') for (const [id] of rows) await connection.executeScript(`KILL ${id}`).catch(() => {})
        return rows.length === 0 || undefined
      }, 'the end of the connections of a killed worker'),
    )
  }

  #hire(slot: number, incarnation: number): Member {
    const name = `worker-${slot}-${incarnation}`
    const database = new URL(this.#options.database)
    if (this.#options.provider === 'mysql') database.username = sessionName(slot)
    else database.searchParams.set('application_name', sessionName(slot))
    const history = join(this.#folder, `${name}.jsonl`)
    return new Member(name, { ...this.#common, slot, incarnation, history, database: database.href }, this.#fail)
  }

  async stop(): Promise<void> {
    await this.#all((member) => member.ask({ kind: 'stop' }, 'stopped'))
  }

  async compare(): Promise<Pick<RunResult, 'different' | 'compared'>> {
    const answers = await this.#all((member) => member.ask({ kind: 'final' }, 'compared'))
    return {
      different: answers.flatMap(({ different }) => different),
      compared: answers.reduce((sum, { compared }) => sum + compared, 0),
    }
  }

  async end(): Promise<void> {
    await this.#all((member) => {
      member.expected = true
      member.tell({ kind: 'end' })
      return member.exited
    })
  }

  #all<T>(what: (member: Member) => Promise<T>): Promise<T[]> {
    const all = Promise.all(this.#members.map(what))
    return withTimeout(Promise.race([all, this.failure]), 'the workers')
  }

  figures() {
    const sum = { hits: 0, reads: 0, killed: this.#killed, errors: {} as Record<string, number> }
    for (const { figures } of [...this.#gone, ...this.#members]) {
      sum.hits += figures.hits
      sum.reads += figures.reads
      for (const [what, times] of Object.entries(figures.errors)) sum.errors[what] = (sum.errors[what] ?? 0) + times
    }
    return sum
  }

  async kill(): Promise<void> {
    for (const member of this.#members) {
      member.expected = true
      member.process.kill('SIGKILL')
      await member.exited
    }
  }
}

/** What the database knows the sessions of a worker by. */
const sessionName = (slot: number) => `worker-${slot}`

type Told<Kind extends FromWorker['kind']> = Extract<FromWorker, { kind: Kind }>

class Member {
  readonly name: string
  readonly options: WorkerOptions
  readonly process: ChildProcess
  readonly ready: Promise<unknown>
  readonly exited: Promise<void>
  expected = false
  figures: Omit<Told<'figures'>, 'kind'> = { hits: 0, reads: 0, errors: {} }
  readonly #waiting = new Map<FromWorker['kind'], (message: FromWorker) => void>()

  constructor(name: string, options: WorkerOptions, fail: (error: Error) => void) {
    this.name = name
    this.options = options
    this.process = fork(WORKER, [JSON.stringify(options)], {
      cwd: ROOT,
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.process.on('message', (message: FromWorker) => {
      if (message.kind === 'figures') this.figures = message
      this.#waiting.get(message.kind)?.(message)
    })
    this.ready = this.#told('ready')
    this.exited = once(this.process, 'exit').then(([code, signal]) => {
      if (!this.expected) fail(new Error(`${name} ended with ${code ?? signal}`))
    })
  }

  tell(message: ToWorker): void {
    if (this.process.connected) this.process.send(message)
  }

  async ask<Kind extends FromWorker['kind']>(message: ToWorker, answer: Kind): Promise<Told<Kind>> {
    const told = this.#told(answer)
    this.tell(message)
    return told
  }

  #told<Kind extends FromWorker['kind']>(kind: Kind): Promise<Told<Kind>> {
    return new Promise((resolve) => this.#waiting.set(kind, (message) => resolve(message as Told<Kind>)))
  }
}
