import type { WriteSet } from '../query/write-set.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { Tag } from '../tags/tag.ts'
import { newToken, recordOf } from '../tags/tag-clocks.ts'
import type { Hold } from './holds.ts'

/** How long an intent outlives its writer, and how often a write that lasts renews it, ms. */
const LEASE_MS = 2500
const RENEW_MS = 800
/** A write that lasts longer than any is taken for one that nobody will ever end. */
const LONGEST_MS = 60_000
/** Forms of writes whose records are remembered. */
const MAX_FORMS = 1000

/** What is about to be written. */
export interface Intended {
  readonly model?: string | undefined
  readonly operation?: string | undefined
  readonly args?: unknown
  /** Whether its end is told for certain; else the intent is not renewed. */
  readonly ends: boolean
  readonly changes: () => WriteSet
}

interface Open {
  readonly tags: readonly Tag[]
  readonly holder: string
  readonly begunAt: number
}

/**
 * The intents of writes that are not strict. A process that is killed between its commit and its invalidation leaves an
 * intent behind that runs out, and counts as a change of everything it named. It is sent before the write and nobody waits
 * for it. The invalidation of the write ends it in the same step.
 *
 * An intent names records, not tags, so it need not know what the write will change. One that names too few shortens the
 * protection and nothing else.
 */
export class Intents {
  readonly #store: GuardedStore
  readonly #open = new Set<Open>()
  /** A tag of each record, by the form of the write. */
  readonly #forms = new Map<string, readonly Tag[]>()
  #renewal: NodeJS.Timeout | undefined

  constructor(store: GuardedStore) {
    this.#store = store
  }

  /** `undefined` where no other process could be left with old entries. */
  leave(intended: Intended): Hold | undefined {
    if (!this.#store.intend) return undefined
    const tags = this.#tagsOf(intended)
    if (tags.length === 0) return undefined
    const open: Open = { tags, holder: newToken(), begunAt: performance.now() }
    this.#send(open)
    if (intended.ends) this.#renew(open)
    return {
      tags,
      release: (moved, known) => {
        this.#end(open)
        return this.#store.release(open.holder, moved, tags, known)
      },
    }
  }

  #send({ tags, holder }: Open): void {
    this.#store.intend?.(tags, holder, LEASE_MS)
  }

  #renew(open: Open): void {
    this.#open.add(open)
    this.#renewal ??= setInterval(() => this.#renewAll(), RENEW_MS).unref()
  }

  #renewAll(): void {
    const now = performance.now()
    for (const open of this.#open) {
      if (now - open.begunAt > LONGEST_MS) this.#end(open)
      else if (now - open.begunAt >= RENEW_MS / 2) this.#send(open)
    }
  }

  #end(open: Open): void {
    this.#open.delete(open)
    if (this.#open.size > 0) return
    clearInterval(this.#renewal)
    this.#renewal = undefined
  }

  #tagsOf({ model, operation, args, changes }: Intended): readonly Tag[] {
    if (model === undefined || args === undefined) return recordsOf(changes())
    const form = `${model}.${operation}${formOf(args)}`
    let tags = this.#forms.get(form)
    if (!tags) {
      if (this.#forms.size >= MAX_FORMS) this.#forms.clear()
      this.#forms.set(form, (tags = recordsOf(changes())))
    }
    return tags
  }
}

/** A record has the name of one of its tags, that of the model where it is of a model. */
function recordsOf({ tags, changes }: WriteSet): readonly Tag[] {
  const records = new Set(changes.keys())
  for (const tag of tags) records.add(recordOf(tag))
  return [...records]
}

/** What a write says beside its values, as far as it decides which models are written. */
function formOf(args: unknown): string {
  if (Array.isArray(args)) return args.length === 0 ? '' : formOf(args[0])
  if (args === null || typeof args !== 'object') return ''
  let text = '{'
  for (const key in args) {
    if (key !== 'where' && key !== 'select' && key !== 'include')
      text += key + formOf((args as Record<string, unknown>)[key])
  }
  return `${text}}`
}
