import type { CacheControl } from '../control/cache-control.ts'
import type { CacheEvent, CacheEventType } from '../events.ts'
import { answer, Refusal } from './answers.ts'
import type { Viewer } from './authorize.ts'
import { eventText } from './event-text.ts'

const HEARTBEAT_MS = 15_000
/** What waits for a reader that is slower than the cache; what comes when it is full is counted and left out. */
const MAX_WAITING_BYTES = 256 * 1024
/** Events of one stream in a second; more than anybody reads, and less than a busy cache has hits. */
const MAX_PER_SECOND = 200

/** Server-sent events: `data` is one event as JSON, `event` its type. A stream that had to leave some out says how many. */
export class EventStreams {
  readonly #cache: Pick<CacheControl, 'on'>
  readonly #clock: () => number
  readonly #max: number
  readonly #open = new Map<() => void, string | undefined>()

  constructor(cache: Pick<CacheControl, 'on'>, max: number, clock: () => number) {
    this.#cache = cache
    this.#max = max
    this.#clock = clock
  }

  /** @throws Refusal when there are as many streams as may be, or as this viewer may have. */
  open(types: ReadonlySet<CacheEventType> | undefined, signal: AbortSignal, viewer: Viewer): Response {
    const holder = holderOf(viewer)
    const held = [...this.#open.values()].filter((one) => one === holder).length
    const max = holder === undefined ? this.#max : Math.ceil(this.#max / 2)
    if (this.#open.size >= this.#max || held >= max) {
      const many = this.#open.size >= this.#max ? this.#max : held
      throw new Refusal(503, 'too-many-streams', `There are ${many} streams already.`, { 'retry-after': '30' })
    }
    let end = () => {}
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          end = this.#begin(controller, types, viewer)
          signal.addEventListener('abort', end, { once: true })
          if (signal.aborted) end()
        },
        cancel: () => end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
    )
    // Some proxies gather a response before they pass it on.
    return answer(body, 'text/event-stream; charset=utf-8', 200, { 'x-accel-buffering': 'no' })
  }

  close(): void {
    for (const end of this.#open.keys()) end()
  }

  #begin(
    controller: ReadableStreamDefaultController<Uint8Array>,
    types: ReadonlySet<CacheEventType> | undefined,
    viewer: Viewer,
  ): () => void {
    const encoder = new TextEncoder()
    let leftOut = 0
    let second = 0
    let sent = 0
    const hasRoom = () => (controller.desiredSize ?? 0) > 0
    const send = (text: string) => controller.enqueue(encoder.encode(text))
    const tellLeftOut = () => {
      if (leftOut === 0 || !hasRoom()) return
      send(`event: left-out\ndata: {"count":${leftOut}}\n\n`)
      leftOut = 0
    }
    const off = this.#cache.on('*', (event) => {
      if (types && !types.has(event.type)) return
      const now = this.#clock()
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000)
        sent = 0
        tellLeftOut()
      }
      if (sent >= MAX_PER_SECOND || !hasRoom()) {
        leftOut += 1
        return
      }
      sent += 1
      send(`event: ${event.type}\ndata: ${eventText(shownTo(viewer, event), now)}\n\n`)
    })
    // So that both ends, and what is between them, see that the other is still there.
    const heartbeat = setInterval(() => {
      tellLeftOut()
      if (hasRoom()) send(': still here\n\n')
    }, HEARTBEAT_MS)
    heartbeat.unref?.()
    send(': the events of this process\n\n')
    const end = () => {
      if (!this.#open.delete(end)) return
      off()
      clearInterval(heartbeat)
      try {
        controller.close()
      } catch {
        // Whoever read it has gone.
      }
    }
    this.#open.set(end, holderOf(viewer))
    return end
  }
}

/**
 * Whose streams are counted together: half of all at most, so that nobody shuts others out. Those who may only look and
 * have no name are one. `undefined`: an operator without a name, who is bounded by the number of all streams.
 */
function holderOf({ actor, isReadOnly }: Viewer): string | undefined {
  return actor !== undefined ? `actor ${actor}` : isReadOnly ? 'viewers' : undefined
}

/** The scope names a tenant or a user; whoever may only look is not shown it. */
function shownTo({ isReadOnly }: Viewer, event: CacheEvent): CacheEvent {
  return isReadOnly && event.type === 'audit' ? { ...event, scope: undefined } : event
}
