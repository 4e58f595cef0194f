import { anyValuesTag, type ShapeKey } from '../../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag } from '../../tags/tag.ts'
import { LOCKED, newToken, placeOf, slotHash } from '../../tags/tag-clocks.ts'
import { type KnownRegistry, MAX_SHAPES, type Registration, type ShapeRegistry } from '../store.ts'
import { BUMP, DROP, LOCK, REGISTER } from './record-scripts.ts'
import { answer, type Reply } from './redis-client.ts'
import type { RedisKeys } from './redis-keys.ts'
import type { RedisServers } from './redis-servers.ts'
import { runScripts, type ScriptCall, type Send } from './run-scripts.ts'

/** Hashes one script is given: Lua hands over some thousands at once, and no script may keep the server busy. */
const BATCH = 500

export interface ClocksContext {
  readonly keys: RedisKeys
  readonly servers: RedisServers
  readonly clock: () => number
  /** How long a record outlives its last look-up, ms. */
  readonly ttlMs: number
}

/** What a write does besides changing tags. */
interface Ending {
  readonly holder?: string
  /** Tags that were locked and have not changed. */
  readonly kept?: readonly Tag[]
  readonly graceUntil?: number | undefined
  /** Tags of records in which the holder left an intent. */
  readonly intended?: readonly Tag[]
}

/** The clock records in Redis: changes, locks, intents and shapes, each a script on the record it concerns. */
export class RedisClocks {
  readonly #context: ClocksContext

  constructor(context: ClocksContext) {
    this.#context = context
  }

  /** Tags change, and the locks and intents of `holder` end. */
  async bump(
    tags: readonly Tag[],
    known: readonly KnownRegistry[] = [],
    { holder = '', kept = [], graceUntil, intended = [] }: Ending,
  ): Promise<readonly ShapeRegistry[]> {
    const { keys, servers, clock } = this.#context
    const versions = new Map(known.map(({ model, version = '' }) => [model, version]))
    const changed = byRecord(tags)
    const unchanged = byRecord(kept)
    const now = String(clock())
    const grace = graceUntil === undefined ? '' : String(Math.ceil(graceUntil))
    const calls: { readonly record: string; readonly call: ScriptCall }[] = []
    const records = [...changed.keys(), ...unchanged.keys(), ...versions.keys(), ...byRecord(intended).keys()]
    for (const record of new Set(records)) {
      const hashes = changed.get(record) ?? []
      const others = unchanged.get(record) ?? []
      for (let at = 0; at === 0 || at < Math.max(hashes.length, others.length); at += BATCH) {
        const some = hashes.slice(at, at + BATCH)
        const version = at === 0 ? (versions.get(record) ?? '-') : '-'
        const args = [now, holder, grace, version, String(some.length), ...some, ...others.slice(at, at + BATCH)]
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
      const drops = [...refused].map((record): ScriptCall => {
        return { script: DROP, keys: keys.record(record).slice(0, 1), args: [keys.channel] }
      })
      for (const reply of await runScripts(drops, safely)) answer(reply)
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
    const records = [...byRecord(tags)]
    const calls = records.map(([record, hashes]) => {
      const args = [holder, String(Math.ceil(leaseMs)), versions.get(record) ?? '-', ...hashes]
      return this.#call(LOCK, record, args)
    })
    const replies = await runScripts(calls, (commands) => servers.sendSafely(commands))
    for (const reply of replies) answer(reply)
    return records.flatMap(([record], i) => registryOf(record, replies[i]))
  }

  /** A note in each record that a write to it is under way. */
  async intend(tags: readonly Tag[], holder: string, leaseMs: number): Promise<void> {
    const { servers } = this.#context
    const args = [holder, String(Math.ceil(leaseMs)), '-']
    const calls = [...byRecord(tags).keys()].map((record) => this.#call(LOCK, record, args))
    const keys = calls.flatMap((call) => call.keys)
    for (const reply of await runScripts(calls, (commands) => servers.read(commands, keys))) answer(reply)
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
    const { keys, ttlMs } = this.#context
    return {
      script,
      keys: keys.record(record),
      args: [newToken(), String(Math.ceil(ttlMs)), keys.channel, ...args],
    }
  }
}

const hashText = (tag: Tag): string => String(slotHash(tag))

/** The hashes of each record's tags. */
function byRecord(tags: readonly Tag[]): ReadonlyMap<string, readonly string[]> {
  const records = new Map<string, Set<string>>()
  for (const tag of tags) {
    const { record, hash } = placeOf(tag)
    const some = records.get(record)
    if (some) some.add(String(hash))
    else records.set(record, new Set([String(hash)]))
  }
  return new Map([...records].map(([record, hashes]) => [record, [...hashes]]))
}

function registryOf(model: string, reply: Reply | undefined): ShapeRegistry[] {
  const said = reply?.[1]
  const [version, ...texts] = Array.isArray(said) ? said.map(String) : []
  return version === undefined ? [] : [{ model, version, texts }]
}
