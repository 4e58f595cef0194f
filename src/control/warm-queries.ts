import { AsyncResource } from 'node:async_hooks'
import type { EventHub } from '../events.ts'
import type { Background } from '../read/read-context.ts'
import type { InfoScopes } from './cache-info.ts'

/** A query that is asked again whenever what it depends on was invalidated. */
interface Warm {
  readonly run: () => PromiseLike<unknown>
  /** Of the surroundings it was given in: those of a write that sets it off, a request say, are none of its business. */
  readonly scope: AsyncResource
  /** What its reads depend on; empty until the first is through. */
  tags: ReadonlySet<string>
  state: 'idle' | 'running' | 'again' | 'ended'
}

/**
 * Queries kept warm: asked again behind the write that invalidated them, so that the next caller finds them stored. They
 * are reads like any other and come from the database, never from the row that was written; so they can be late or lost,
 * and are never wrong. One at a time each, whatever is written meanwhile.
 */
export class WarmQueries {
  readonly #warm = new Map<string, Warm>()
  readonly #events: EventHub
  readonly #infos: InfoScopes
  readonly #background: Background

  constructor(events: EventHub, infos: InfoScopes, background: Background) {
    this.#events = events
    this.#infos = infos
    this.#background = background
    events.on('invalidate', ({ tags }) => {
      for (const warm of this.#warm.values()) {
        // What it depends on is not known yet: to ask once too often does no harm.
        if (warm.tags.size === 0 || tags.some((tag) => warm.tags.has(tag))) this.#renew(warm)
      }
    })
  }

  /** Begins at once; returns what ends it. Another one of the same name takes its place. */
  keep(name: string, run: () => PromiseLike<unknown>): () => void {
    this.#end(this.#warm.get(name))
    const warm: Warm = { run, scope: new AsyncResource('keepWarm'), tags: new Set(), state: 'idle' }
    this.#warm.set(name, warm)
    this.#renew(warm)
    return () => {
      this.#end(warm)
      if (this.#warm.get(name) === warm) this.#warm.delete(name)
    }
  }

  end(): void {
    for (const warm of this.#warm.values()) this.#end(warm)
    this.#warm.clear()
  }

  #end(warm: Warm | undefined): void {
    if (warm) warm.state = 'ended'
  }

  #renew(warm: Warm): void {
    if (warm.state === 'running') warm.state = 'again'
    if (warm.state !== 'idle') return
    warm.state = 'running'
    this.#background.run(warm.scope.runInAsyncScope(() => this.#read(warm)))
  }

  async #read(warm: Warm): Promise<void> {
    try {
      const { reads } = await this.#infos.collect(warm.run)
      const tags = reads.flatMap((read) => (read.status === 'bypass' ? [] : read.tags))
      if (tags.length > 0) warm.tags = new Set(tags)
    } catch (error) {
      this.#events.emit({ type: 'error', during: 'refresh', error })
    }
    const isDue = warm.state === 'again'
    if (warm.state !== 'ended') warm.state = 'idle'
    if (isDue) this.#renew(warm)
  }
}
