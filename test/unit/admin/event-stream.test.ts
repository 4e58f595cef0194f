import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EventStreams } from '../../../src/admin/event-stream.ts'
import { type CacheEventOf, EventHub } from '../../../src/events.ts'

const hit: CacheEventOf<'hit'> = {
  type: 'hit',
  model: 'User',
  operation: 'count',
  key: 'k',
  ageMs: 1,
  freshForMs: 1,
  tier: 'near',
  tags: ['User'],
}
let hub: EventHub
let now = 0

beforeEach(() => {
  vi.useFakeTimers()
  hub = new EventHub()
  now = 1_000_000
})
afterEach(() => {
  vi.useRealTimers()
})

const streams = (max = 2) => new EventStreams(hub, max, () => now)
const forEver = new AbortController().signal

type Reader = ReadableStreamDefaultReader<Uint8Array>
const readerOf = (answer: Response): Reader => (answer.body as ReadableStream<Uint8Array>).getReader()
/** A read that waits takes what comes next, also when it is no longer waited for. */
const waiting = new WeakMap<Reader, ReturnType<Reader['read']>>()

/** What has been sent since the last time. */
async function received(body: Reader): Promise<string> {
  let text = ''
  for (;;) {
    const reading = waiting.get(body) ?? body.read()
    waiting.set(body, reading)
    const next = await Promise.race([reading, vi.advanceTimersByTimeAsync(1).then(() => undefined)])
    if (!next || next.done) return text
    waiting.delete(body)
    text += new TextDecoder().decode(next.value)
  }
}

const operator = { actor: undefined, isReadOnly: false }
const viewer = { actor: undefined, isReadOnly: true }

describe('a stream of events', () => {
  it('sends each as it comes, of the types that are wanted', async () => {
    const body = readerOf(streams().open(new Set(['hit', 'error']), forEver, operator))
    hub.emit(hit)
    hub.emit({ type: 'bypass', model: 'User', operation: 'count', reason: 'not-enabled' })
    hub.emit({ type: 'error', during: 'fill', error: new Error('at redis://:secret@host\nwith a stack') })
    const text = await received(body)
    expect(text).toBe(
      `: the events of this process\n\nevent: hit\ndata: {"at":1000000,"type":"hit","model":"User","operation":"count","key":"k","ageMs":1,"freshForMs":1,"tier":"near","tags":["User"]}\n\n` +
        `event: error\ndata: {"at":1000000,"type":"error","during":"fill","error":"at redis://…"}\n\n`,
    )
  })

  it('sends numbers that JSON has no word for, and the first of many tags', async () => {
    const body = readerOf(streams().open(undefined, forEver, operator))
    hub.emit({ type: 'store', state: 'undelivered', undelivered: Number.POSITIVE_INFINITY })
    hub.emit({ ...hit, tags: Array.from({ length: 80 }, (_, i) => `User:id=${i}`) })
    const text = await received(body)
    expect(text).toContain('"undelivered":"Infinity"')
    expect(text).toContain('"User:id=49"],"tagCount":80}')
  })

  it('shows that it is still there', async () => {
    const body = readerOf(streams().open(undefined, forEver, operator))
    await vi.advanceTimersByTimeAsync(45_000)
    expect((await received(body)).match(/: still here\n\n/g)).toHaveLength(3)
  })

  it('of more in a second than anybody reads leaves some out, and says how many', async () => {
    const body = readerOf(streams().open(undefined, forEver, operator))
    for (let i = 0; i < 1000; i += 1) hub.emit(hit)
    expect((await received(body)).match(/event: hit/g)).toHaveLength(200)
    now += 1000
    hub.emit(hit)
    expect(await received(body)).toMatch(/^event: left-out\ndata: {"count":800}\n\nevent: hit\n/)
  })

  it('keeps only so much for a reader that is slower', async () => {
    const body = readerOf(streams().open(undefined, forEver, operator))
    const large = { ...hit, tags: ['x'.repeat(10_000)] }
    for (let i = 0; i < 500; i += 1) {
      now += 1000
      hub.emit(large)
    }
    const text = await received(body)
    expect(text.length).toBeGreaterThan(200_000)
    expect(text.length).toBeLessThan(300_000)
    await vi.advanceTimersByTimeAsync(15_000)
    const left = /"count":(\d+)/.exec(await received(body))?.[1]
    expect(Number(left) + (text.match(/event: hit/g)?.length ?? 0)).toBe(500)
  })

  it('leaves room for others, whoever may only look or has a name', () => {
    const open = streams(4)
    for (const one of [viewer, { actor: 'ada', isReadOnly: false }]) {
      open.open(undefined, forEver, one)
      open.open(undefined, forEver, one)
      expect(() => open.open(undefined, forEver, one)).toThrow(expect.objectContaining({ status: 503 }))
    }
    expect(() => open.open(undefined, forEver, operator)).toThrow('4 streams')
  })

  it('tells of the scope of an audited read whoever may change something, and nobody else', async () => {
    const bodies = [operator, viewer].map((one) => readerOf(streams().open(undefined, forEver, one)))
    hub.emit({ type: 'audit', model: 'User', operation: 'count', key: 'k', status: 'hit', at: 1, scope: 'tenant 7' })
    const [all = '', some = ''] = await Promise.all(bodies.map(received))
    expect(all).toContain('"scope":"tenant 7"')
    expect(some).toContain('"type":"audit"')
    expect(some).not.toContain('tenant 7')
  })

  it('there are only so many, until one ends', async () => {
    const open = streams(2)
    const aborted = new AbortController()
    const body = readerOf(open.open(undefined, forEver, operator))
    open.open(undefined, aborted.signal, operator)
    const third = () => open.open(undefined, forEver, operator)
    expect(third).toThrow(expect.objectContaining({ status: 503, headers: { 'retry-after': '30' } }))
    await body.cancel()
    const again = readerOf(third())
    expect(third).toThrow('2 streams')
    aborted.abort()
    const last = readerOf(third())
    open.close()
    for (const one of [again, last]) {
      while (!(await one.read()).done);
    }
    expect(vi.getTimerCount()).toBe(0)
    hub.emit(hit)
  })
})
