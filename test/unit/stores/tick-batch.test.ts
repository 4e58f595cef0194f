import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { tickBatch } from '../../../src/stores/tick-batch.ts'

/** A batch that answers each item in capitals and remembers how it was called. */
function recorded() {
  const calls: string[][] = []
  const ask = tickBatch<string, string>(async (items) => {
    calls.push([...items])
    return items.map((item) => item.toUpperCase())
  })
  return { ask, calls }
}

describe('calls of one tick', () => {
  it('run as one, and each gets its own answer', async () => {
    const { ask, calls } = recorded()
    expect(await Promise.all(['a', 'b', 'a'].map(ask))).toEqual(['A', 'B', 'A'])
    expect(calls).toEqual([['a', 'b', 'a']])
  })

  it('are those of all the microtasks of the tick', async () => {
    const { ask, calls } = recorded()
    const later = async (item: string, turns: number) => {
      for (let i = 0; i < turns; i += 1) await undefined
      return ask(item)
    }
    await Promise.all([ask('a'), later('b', 1), later('c', 5), later('d', 50)])
    expect(calls).toEqual([['a', 'b', 'c', 'd']])
  })

  it('settle in one tick: reads whose look-ups resolve together miss together', async () => {
    const { ask } = recorded()
    const settled: string[] = []
    const all = ['a', 'b', 'c'].map(async (item) => {
      settled.push(await ask(item))
    })
    process.nextTick(() => settled.push('next tick'))
    setImmediate(() => settled.push('next turn'))
    await Promise.all(all)
    await sleep(0)
    expect(settled.filter((what) => what !== 'next tick')).toEqual(['A', 'B', 'C', 'next turn'])
  })

  it('fail together, and nobody after them', async () => {
    let down = true
    const ask = tickBatch<number, number>(async (items) => {
      if (down) throw new Error('down')
      return items
    })
    const failed = await Promise.allSettled([ask(1), ask(2)])
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    down = false
    expect(await ask(3)).toBe(3)
  })

  it('fail together when the run throws at once', async () => {
    const ask = tickBatch<number, number>(() => {
      throw new Error('at once')
    })
    await expect(ask(1)).rejects.toThrow('at once')
  })
})

describe('calls of different ticks', () => {
  it('run apart', async () => {
    const { ask, calls } = recorded()
    const first = ask('a')
    await sleep(0)
    await Promise.all([first, ask('b')])
    expect(calls).toEqual([['a'], ['b']])
  })

  it('do not wait for each other', async () => {
    const answers: ((values: string[]) => void)[] = []
    const ask = tickBatch<string, string>(() => new Promise((resolve) => answers.push(resolve)))
    const slow = ask('slow')
    await sleep(0)
    const quick = ask('quick')
    await sleep(0)
    expect(answers).toHaveLength(2)
    answers[1]?.(['quick'])
    expect(await quick).toBe('quick')
    answers[0]?.(['slow'])
    expect(await slow).toBe('slow')
  })
})
