import { StoreUnavailableError } from '../../errors.ts'
import { anyValuesTag, type ShapeKey } from '../../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag } from '../../tags/tag.ts'
import { LOCKED, newToken, recordOf, type SeenTag, slotHash } from '../../tags/tag-clocks.ts'
import { type KnownRegistry, MAX_SHAPES, type Registration, type ShapeRegistry } from '../store.ts'
import { BUMP, LOCK, LOOK, REGISTER } from './record-scripts.ts'
import { answer, type Command, type Reply } from './redis-client.ts'
import type { RedisKeys } from './redis-keys.ts'
import type { RedisServers } from './redis-servers.ts'
import { runScripts, type ScriptCall, type Send } from './script.ts'

/** Hashes one script is given: Lua hands over some thousands at once, and no script may keep the server busy. */
const BATCH = 500

export interface ClocksContext {
  readonly keys: RedisKeys
  readonly servers: RedisServers
  readonly clock: () => number
  /** How long a record outlives its last look-up, ms. */
  readonly ttlMs: () => number
}

/** What is to be done with the tags of one record. */
interface RecordTags {
  readonly record: string
  readonly tags: readonly Tag[]
}

/** The clock records in Redis: look-ups, changes, locks and shapes, each a script on the record it concerns. */
export class RedisClocks {
  readonly #context: ClocksContext

  constructor(context: ClocksContext) {
    this.#context = context
  }

  /**
   * A script for all records that lie together.
   * @returns the calls, and how to read what they say, tag by tag.
   */
  looking(tags: readonly Tag[]): {
    readonly calls: readonly ScriptCall[]
    readonly read: (replies: readonly (Reply | undefined)[]) => ReadonlyMap<Tag, SeenTag>
  } {
    const { keys, servers, clock } = this.#context
    const places = new Map<unknown, RecordTags[]>()
    for (const one of byRecord(tags)) {
      const place = servers.placeOf(keys.record(one.record)[0])
      const some = places.get(place)
      if (some) some.push(one)
      else places.set(place, [one])
    }
    const now = String(clock())
    const groups = [...places.values()]
    const calls = groups.map((records): ScriptCall => {
      const args = records.flatMap((one) => [newToken(), String(one.tags.length), ...one.tags.map(hashText)])
      const all = records.flatMap(({ record }) => keys.record(record))
      return { script: LOOK, keys: all, args: [this.#ttl(), keys.channel, now, ...args] }
    })
    return { calls, read: (replies) => readLooks(groups, replies) }
  }

  /** Tags change, and locks of `holder` end on them and on those that were `kept`. */
  async bump(
    tags: readonly Tag[],
    known: readonly KnownRegistry[] = [],
    { holder = '', kept = [], graceUntil }: { holder?: string; kept?: readonly Tag[]; graceUntil?: number | undefined },
  ): Promise<readonly ShapeRegistry[]> {
    const { keys, servers } = this.#context
    const versions = new Map(known.map(({ model, version = '' }) => [model, version]))
    const change = new Map(byRecord(tags).map(({ record, tags }) => [record, tags]))
    const unchanged = new Map(byRecord(kept).map(({ record, tags }) => [record, tags]))
    const calls: { readonly record: string; readonly call: ScriptCall }[] = []
    for (const record of new Set([...change.keys(), ...unchanged.keys(), ...versions.keys()])) {
      const hashes = (change.get(record) ?? []).map(hashText)
      const others = (unchanged.get(record) ?? []).map(hashText)
      const grace = graceUntil === undefined ? '' : String(Math.ceil(graceUntil))
      for (let at = 0; at === 0 || at < Math.max(hashes.length, others.length); at += BATCH) {
        const some = hashes.slice(at, at + BATCH)
        const version = at === 0 ? (versions.get(record) ?? '-') : '-'
        const args = [holder, grace, version, String(some.length), ...some, ...others.slice(at, at + BATCH)]
        calls.push({ record, call: this.#call(BUMP, record, args) })
      }
    }
    const safely: Send = (commands) => servers.sendSafely(commands)
    const replies = await runScripts(
      calls.map(({ call }) => call),
      safely,
    )
    const refused = new Set(calls.filter((_, i) => replies[i]?.[0]).map(({ record }) => record))
    if (refused.size > 0) {
      // A full Redis refuses a change but not UNLINK, and a record that is gone is as good as one that changed.
      const drops = [...refused].flatMap((record): Command[] => {
        const [key] = keys.record(record)
        return [
          ['unlink', key],
          ['publish', keys.channel, `- 0 0 lost ${key}`],
        ]
      })
      for (const reply of (await safely(drops)).filter((_, i) => i % 2 === 0)) answer(reply)
    }
    return calls.flatMap(({ record }, i) => (refused.has(record) ? [] : registryOf(record, replies[i])))
  }

  async lock(
    tags: readonly Tag[],
    holder: string,
    leaseMs: number,
    known: readonly KnownRegistry[] = [],
  ): Promise<readonly ShapeRegistry[]> {
    const { servers } = this.#context
    const versions = new Map(known.map(({ model, version = '' }) => [model, version]))
    const records = byRecord(tags)
    const calls = records.map(({ record, tags }) => {
      const args = [holder, String(Math.ceil(leaseMs)), versions.get(record) ?? '-', ...tags.map(hashText)]
      return this.#call(LOCK, record, args)
    })
    const replies = await runScripts(calls, (commands) => servers.sendSafely(commands))
    for (const reply of replies) answer(reply)
    return records.flatMap(({ record }, i) => registryOf(record, replies[i]))
  }

  async register(shapes: readonly ShapeKey[]): Promise<readonly Registration[]> {
    const calls = shapes.map((shape) => {
      const any = anyValuesTag(shape)
      const free = [everyShapeTag(shape.model), modelTag(shape.model), any].map(hashText)
      return this.#call(REGISTER, shape.model, [String(MAX_SHAPES), shape.text, hashText(any), ...free])
    })
    const replies = await runScripts(calls, (commands) => this.#context.servers.send(commands))
    return replies.map((reply): Registration => {
      const [epoch, clock] = answer(reply) as readonly unknown[]
      return epoch === undefined ? LOCKED : { epoch: String(epoch), clock: Number(clock) }
    })
  }

  #call(script: ScriptCall['script'], record: string, args: readonly string[]): ScriptCall {
    const { keys, clock } = this.#context
    return {
      script,
      keys: keys.record(record),
      args: [newToken(), this.#ttl(), keys.channel, String(clock()), ...args],
    }
  }

  #ttl(): string {
    return String(Math.ceil(this.#context.ttlMs()))
  }
}

const hashText = (tag: Tag): string => String(slotHash(tag))

function byRecord(tags: readonly Tag[]): RecordTags[] {
  const records = new Map<string, Set<Tag>>()
  for (const tag of tags) {
    const record = recordOf(tag)
    const some = records.get(record)
    if (some) some.add(tag)
    else records.set(record, new Set([tag]))
  }
  return [...records].map(([record, some]) => ({ record, tags: [...some] }))
}

function readLooks(
  groups: readonly (readonly RecordTags[])[],
  replies: readonly (Reply | undefined)[],
): ReadonlyMap<Tag, SeenTag> {
  const seen = new Map<Tag, SeenTag>()
  for (const [i, records] of groups.entries()) {
    const said = answer(replies[i])
    let at = 0
    for (const { tags } of records) {
      const [epoch, now] = Array.isArray(said) ? said.slice(at, at + 2) : []
      if (typeof epoch !== 'string' || typeof now !== 'number') throw new StoreUnavailableError('not a clock record')
      at += 2
      for (const tag of tags) {
        seen.set(tag, seenTag(epoch, now, (said as unknown[])[at]))
        at += 1
      }
    }
    if (Array.isArray(said) && said.length !== at) throw new StoreUnavailableError('not the clocks that were asked for')
  }
  return seen
}

function seenTag(epoch: string, now: number, said: unknown): SeenTag {
  if (said === -1) return LOCKED
  if (typeof said === 'number') return { epoch, now, changed: said }
  const [changed, clock, until] = String(said).split(':').map(Number)
  if (
    changed === undefined ||
    clock === undefined ||
    until === undefined ||
    !Number.isFinite(changed + clock + until)
  ) {
    throw new StoreUnavailableError('not the clock of a tag')
  }
  return { epoch, now, changed, soft: { clock, until } }
}

function registryOf(model: string, reply: Reply | undefined): ShapeRegistry[] {
  const said = reply?.[1]
  const [version, ...texts] = Array.isArray(said) ? said.map(String) : []
  return version === undefined ? [] : [{ model, version, texts }]
}
