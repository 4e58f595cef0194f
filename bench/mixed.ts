/**
 * What a cache does to an application that writes, too: a shop of six models, Zipf, with so many writes among its reads.
 *
 *     npm run bench:mixed -- [--quick] [--mix 95/5,hopeless] [--contender 'plain;ours'] [--in-flight 16,64]
 *         [--database postgresql] [--latency 1] [--json FILE]
 *
 * Each contender runs in a process of its own, plain Prisma before and after all others. First all are held against
 * plain Prisma: what returns other values fails the run. Then the same calls against the clock, the first ones with an
 * empty cache. Stale answers are looked for in a run that is not timed. CPU is that of the application's process; on a
 * machine that does other things trust the ratios of CPU over everything else.
 *
 * Measures what users run, the built package: `npm run build` first, or name another with `--package`.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { type Provider, withConnection } from '../test/support/provider.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../test/support/tcp-proxy.ts'
import { WRONG } from './compare/verify.ts'
import { print } from './environment.ts'
import { CONTENDERS, type Contender, PLAIN } from './mixed/contenders.ts'
import type { Checked, Job, PromiseCounts, Timing, Verified } from './mixed/job.ts'
import { type Figure, reportMix, reportPromises, reportVerified } from './mixed/report.ts'
import { parentOf } from './mixed/server-cpu.ts'
import { shopRows } from './precision/shop-rows.ts'
import { openWorld, type World } from './precision/world.ts'
import { seededRandom } from './random.ts'

const { values } = parseArgs({
  options: {
    /** 99/1 is 99 reads to one write; `hopeless` is reads alone, every one different. Several with commas. */
    mix: { type: 'string' },
    /** Parts of names; several with semicolons. Plain Prisma always comes along. */
    contender: { type: 'string', default: '' },
    'in-flight': { type: 'string' },
    /** Calls with an empty cache, as after a deploy, and calls after them. */
    cold: { type: 'string' },
    warm: { type: 'string' },
    /** Calls of the run that looks for stale answers. */
    checked: { type: 'string' },
    /** One mix, 16 in flight, few calls. */
    quick: { type: 'boolean', default: false },
    database: { type: 'string', default: 'postgresql' },
    /** Milliseconds each way between the application and its servers. */
    latency: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    skew: { type: 'string', default: '0.99' },
    /** Times the rows of a small shop: 2000 users, 1000 products, 6000 orders. */
    scale: { type: 'string', default: '1' },
    /** Of verify, time, check, promises; several with commas. */
    part: { type: 'string', default: 'verify,time,check,promises' },
    /** Profiles of the timed runs are written there. */
    profile: { type: 'string' },
    /** A file for all figures. */
    json: { type: 'string' },
    package: { type: 'string', default: fileURLToPath(new URL('../dist/index.mjs', import.meta.url)) },
  },
})
const full = { mix: '99/1,95/5,80/20,50/50,hopeless,0/100', 'in-flight': '16,64', cold: '8000', warm: '30000' }
const quick = { mix: '95/5', 'in-flight': '16', cold: '4000', warm: '12000' }
const chosen = { checked: '6000', ...(values.quick ? quick : full), ...values }
const [cold, warm] = [Number(chosen.cold), Number(chosen.warm)]
const [scale, skew, seed] = [Number(values.scale), Number(values.skew), Number(values.seed)]
const provider = databaseOf(values.database)
const parts = values.part.split(',')
const wanted = values.contender.split(';').map((part) => part.trim())
const others = CONTENDERS.filter(({ name }) => name !== PLAIN && wanted.some((part) => name.includes(part)))
const everybody = [...CONTENDERS.filter(({ name }) => name === PLAIN), ...others]
const runner = fileURLToPath(new URL('mixed-run.ts', import.meta.url))

const proxies: TcpProxy[] = []
const faults: string[] = []
const redis = await startRedis()
try {
  const world = await openWorld(provider, shopRows(scale, skew, seededRandom(seed)))
  try {
    const figures = await measure(world)
    if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`)
  } finally {
    await world.close()
  }
} finally {
  for (const proxy of proxies) await proxy.close()
  await redis.stop()
}
for (const fault of faults) print(`FAULT: ${fault}`)
if (faults.length > 0) process.exitCode = 1

function databaseOf(name: string): Provider {
  if (name === 'mariadb') return 'mysql'
  if (name !== 'sqlite' && name !== 'postgresql') throw new Error(`--database ${name}: sqlite, postgresql or mariadb`)
  return name
}

async function measure(world: World): Promise<object> {
  print(
    `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${provider}, latency ${values.latency} ms each way`,
  )
  const redisUrl = await slowed(redis.url)
  const redisPid = await pidOf(redis.url)
  const run = async <T>(kind: Job['kind'], contender: Contender, job: Pick<Job, 'mix' | 'calls' | 'inFlight'>) =>
    world.restored(async ({ url }) => {
      const base = { kind, contender: contender.name, provider, seed, skew, scale, cold, redisUrl, ...job }
      const servers = { redis: redisPid, database: await databasePid(url) }
      const packageUrl = pathToFileURL(resolve(values.package)).href
      return (await inProcess({ ...base, servers, packageUrl, databaseUrl: await slowed(url) })) as T
    })

  if (parts.includes('verify')) {
    print('\nheld against plain Prisma')
    for (const contender of others) {
      const verified = await run<Verified>('verify', contender, { mix: '100/0', calls: 400, inFlight: 1 })
      reportVerified(contender.name, verified)
      const isWrong = contender.isOurs ? verified.differences.length > 0 : verified.differences.includes(WRONG)
      if (isWrong) faults.push(`${contender.name} returned other values`)
    }
  }
  const mixes: object[] = []
  for (const mix of chosen.mix.split(',')) {
    for (const inFlight of chosen['in-flight'].split(',').map(Number)) {
      if (!parts.includes('time')) continue
      print(`\n${mix}, ${inFlight} in flight: ${cold} calls cold, ${warm} warm`)
      const figures: Figure[] = []
      for (const contender of [...everybody, ...everybody.slice(0, 1)]) {
        const timing = await run<Timing>('time', contender, { mix, calls: cold + warm, inFlight })
        const isChecked = parts.includes('check') && contender.name !== PLAIN && mix !== 'hopeless'
        const job = { mix, calls: Number(chosen.checked), inFlight }
        const checked = isChecked ? await run<Checked>('check', contender, job) : undefined
        if (contender.isOurs && checked && checked.stale > 0) faults.push(`${contender.name} was stale in ${mix}`)
        figures.push({ name: contender.name, timing, checked })
      }
      reportMix(figures, { cold, calls: cold + warm })
      mixes.push({ mix, inFlight, cold, warm, figures })
    }
  }
  const promises: [string, PromiseCounts][] = []
  if (parts.includes('promises')) {
    for (const contender of everybody) {
      promises.push([contender.name, await run('promises', contender, { mix: '100/0', calls: 1, inFlight: 1 })])
    }
    reportPromises(promises)
  }
  return { node: process.version, database: provider, latency: values.latency, mixes, promises }
}

async function inProcess(job: Job): Promise<unknown> {
  const profile =
    values.profile && job.kind === 'time'
      ? ['--cpu-prof', '--cpu-prof-dir', resolve(values.profile), '--cpu-prof-interval', '500']
      : []
  const child = fork(runner, [], {
    execArgv: ['--import', 'tsx', ...profile],
    // As users run it: Prisma's development mode collects stack traces.
    env: { ...process.env, NODE_ENV: 'production' },
    // Figures of what did not occur are no numbers.
    serialization: 'advanced',
  })
  const exited = once(child, 'exit')
  child.send(job)
  const answered = once(child, 'message') as Promise<[{ result?: unknown; error?: string }]>
  const answer = await Promise.race([answered, exited.then(() => undefined)])
  await exited
  const [{ result, error }] = answer ?? [{ error: 'it ended without an answer', result: undefined }]
  if (error !== undefined) throw new Error(`${job.contender}, ${job.kind}, ${job.mix}: ${error}`)
  return result
}

/** The way there leads through a proxy that makes it longer; answers carry the time of both ways. */
async function slowed(address: string): Promise<string> {
  const url = new URL(address)
  if (values.latency === '0' || !url.port) return address
  const proxy = await startTcpProxy(Number(url.port))
  proxy.delay(2 * Number(values.latency))
  proxies.push(proxy)
  url.port = `${proxy.port}`
  return url.href
}

async function pidOf(redisUrl: string): Promise<number | undefined> {
  const connection = new Redis(redisUrl)
  const info = await connection.info('server')
  connection.disconnect()
  return Number(/^process_id:(\d+)/m.exec(info)?.[1])
}

/** Of the server, which has a process for each connection. */
async function databasePid(url: string): Promise<number | undefined> {
  if (provider !== 'postgresql') return undefined
  return withConnection(provider, url, async (connection) => {
    const { rows } = await connection.queryRaw({ sql: 'SELECT pg_backend_pid()', args: [], argTypes: [] })
    return parentOf(Number(rows[0]?.[0]))
  })
}
