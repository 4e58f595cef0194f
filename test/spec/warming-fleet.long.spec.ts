import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { holds } from '../support/holds.ts'
import { useTestBed } from '../support/matrix.ts'
import { withTimeout } from '../support/with-timeout.ts'
import type { FromWarming, ToWarming, WarmingOptions } from './warming-process.ts'

const SCRIPT = fileURLToPath(new URL('./warming-process.ts', import.meta.url))

type Told<Kind extends FromWarming['kind']> = Extract<FromWarming, { kind: Kind }>

describe('warmers of several processes', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const children: ChildProcess[] = []
  let prefix: string
  beforeEach(async () => {
    prefix = freshNamespace()
    await bed.database.reset()
  })
  afterEach(async () => {
    const ends = children.map((child) => child.exitCode === null && child.signalCode === null && once(child, 'exit'))
    for (const child of children.splice(0)) child.kill('SIGKILL')
    await Promise.all(ends)
  })

  async function start(more: Partial<WarmingOptions> = {}) {
    const options: WarmingOptions = {
      database: bed.database.url,
      redis: inject('servers').redisUrl,
      prefix,
      reads: 3,
      readMs: 50,
      ...more,
    }
    const child = fork(SCRIPT, [JSON.stringify(options)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    children.push(child)
    const warm: Told<'warm'>[] = []
    child.on('message', (message: FromWarming) => message.kind === 'warm' && warm.push(message))
    const told = <Kind extends FromWarming['kind']>(kind: Kind): Promise<Told<Kind>> => {
      const answer = new Promise<Told<Kind>>((resolve) => {
        const listen = (message: FromWarming) => {
          if (message.kind !== kind) return
          child.off('message', listen)
          resolve(message as Told<Kind>)
        }
        child.on('message', listen)
      })
      return withTimeout(answer, kind)
    }
    await told('ready')
    const ask = async <Kind extends 'written' | 'status'>(message: ToWarming, kind: Kind) => {
      const answer = told(kind)
      child.send(message)
      return answer
    }
    return {
      child,
      /** How its goes began and ended, the latest last. */
      goes: () => warm.filter(({ event }) => event.state !== 'progress').map(({ event }) => event.state),
      warm,
      write: (name: string) => ask({ kind: 'write', name }, 'written'),
      status: async () => (await ask({ kind: 'status' }, 'status')).status,
    }
  }
  type Process = Awaited<ReturnType<typeof start>>
  const startMany = (count: number, options: Partial<WarmingOptions>) =>
    Promise.all(Array.from({ length: count }, () => start(options)))
  const begun = (processes: readonly Process[]) =>
    processes.flatMap(({ goes }) => goes()).filter((state) => state === 'start').length

  it('that start together are warmed by one of them; the others find it done', async () => {
    // Looked after every quarter of it; on a slow machine nobody is late.
    const warmer = { on: 'startup', leaseMs: 8000 } as const
    const processes = await startMany(3, { warmer, readMs: 150 })
    const ends = () => processes.map(({ goes }) => goes().join()).sort()
    await holds(() => expect(ends()).toEqual(['skipped', 'skipped', 'start,end']))
    expect(await Promise.all(processes.map(({ status }) => status()))).toEqual(Array(3).fill('hit'))
    const late = await start({ warmer })
    await holds(() => expect(late.goes()).toEqual(['skipped']))
  })

  it('take over from one that was killed, when its lease has run out', async () => {
    const warmer = { on: 'startup', leaseMs: 5000 } as const
    const dying = await start({ warmer, reads: 1000, readMs: 20 })
    await holds(() => expect(dying.warm.filter(({ event }) => event.state === 'progress').length).toBeGreaterThan(2))
    const other = await start({ warmer })
    await sleep(6000)
    // Renewed while it lives, for longer than it lasts.
    expect(begun([other])).toBe(0)
    dying.child.kill('SIGKILL')
    await holds(() => expect(other.goes()).toEqual(['start', 'end']))
  })

  it('are due once for all of them', async () => {
    const processes = await startMany(2, { warmer: { every: 1, leaseMs: 8000 }, reads: 1, readMs: 10 })
    const together = Date.now()
    const starts = () =>
      processes.flatMap(({ warm }) => warm).filter(({ event, at }) => event.state === 'start' && at >= together)
    await holds(() => expect(starts().length).toBeGreaterThanOrEqual(8))
    const last = Math.max(...starts().map(({ at }) => at))
    // One may be late from the moment before.
    expect(starts().length).toBeLessThanOrEqual(Math.floor(last / 1000) - Math.floor(together / 1000) + 2)
  })

  it('hear of a write in a process that has none, and warm once', async () => {
    const warmer = { on: { models: ['Tag'] }, leaseMs: 8000 }
    const near = { near: 'push' } as const
    const [processes, writer] = await Promise.all([startMany(2, { warmer, ...near }), start()])
    await holds(async () => {
      // Whoever listens has heard of the model's tag by then.
      await writer.write(`${Math.random()}`)
      expect(begun(processes)).toBeGreaterThan(0)
    })
    await sleep(3000)
    const before = begun(processes)
    await writer.write('one')
    await holds(() => expect(begun(processes)).toBe(before + 1))
    await holds(() => {
      for (const { goes } of processes) expect(goes().at(-1)).toMatch(/end|skipped/)
    })
    expect(begun(processes)).toBe(before + 1)
    expect(await writer.status()).toBe('hit')
  })
})
