import { StoreUnavailableError } from '../../errors.ts'
import type { Tag } from '../../tags/tag.ts'
import { LOCKED, newToken, placeOf, type SeenTag } from '../../tags/tag-clocks.ts'
import type { LookUp } from '../store.ts'
import { hashDigits, LOOK } from './record-scripts.ts'
import { answer, type Reply } from './redis-client.ts'
import type { RedisKeys } from './redis-keys.ts'
import type { RedisServers } from './redis-servers.ts'
import type { ScriptCall } from './run-scripts.ts'

/** What is asked of one record for all look-ups of a tick. */
interface AskedRecord {
  readonly name: string
  readonly clockKey: string
  hashes: string
  count: number
  seen: SeenRecord | undefined
}

/** What one script is given: keys that lie in one place. */
interface Place {
  readonly token: string
  readonly entries: string[]
  readonly records: AskedRecord[]
  values: readonly unknown[]
}

/** Where the answers to one look-up are. */
interface Wanted {
  readonly entry: { readonly place: Place; readonly at: number } | undefined
  readonly asked: AskedTags
  /** Of each of its records, and how many hashes others have asked for before. */
  readonly records: readonly { readonly record: AskedRecord; readonly from: number }[]
}

/** How long a record is to live after its look-ups, ms, and when that was last said. */
export interface RecordLife {
  readonly lifeMs: number
  readonly lengthenedAt: number
}

/** A record is lengthened when so much of its life is over. */
const SHARE_OF_LIFE = 4

/** The look-ups of one tick: a script in each place where keys lie. */
export class Looking {
  readonly #keys: RedisKeys
  readonly #servers: RedisServers
  readonly #lives: Map<string, RecordLife>
  readonly #ttlMs: number
  readonly #places = new Map<unknown, Place>()
  readonly #records = new Map<string, AskedRecord>()
  readonly #entries = new Map<string, { readonly place: Place; readonly at: number }>()
  readonly #wanted: Wanted[] = []

  /** @param lives by record. @param ttlMs 0: nothing is made, nor lengthened */
  constructor(keys: RedisKeys, servers: RedisServers, lives: Map<string, RecordLife>, ttlMs: number) {
    this.#keys = keys
    this.#servers = servers
    this.#lives = lives
    this.#ttlMs = ttlMs
  }

  add(key: string | undefined, tags: readonly Tag[]): void {
    const asked = askedTags(tags)
    const records = asked.records.map(({ record: name, hashes, count }) => {
      const record = this.#recordOf(name)
      const from = record.count
      record.hashes += hashes
      record.count += count
      return { record, from }
    })
    this.#wanted.push({ entry: key === undefined ? undefined : this.#entryOf(key), asked, records })
  }

  calls(): ScriptCall[] {
    const now = performance.now()
    const life = String(Math.ceil(this.#ttlMs))
    const { channel } = this.#keys
    return [...this.#places.values()].map(({ token, entries, records }) => ({
      script: LOOK,
      keys: [...entries, ...records.map(({ clockKey }) => clockKey)],
      args: [token, life, channel, ...records.map((record) => this.#lengthening(record, now) + record.hashes)],
    }))
  }

  /** @throws what the server said instead */
  read(replies: readonly (Reply | undefined)[]): LookUp[] {
    for (const [i, place] of [...this.#places.values()].entries()) {
      const { token, entries, records } = place
      const said = answer(replies[i])
      // Only this command is answered with its token.
      if (!Array.isArray(said) || said[0] !== token || said.length !== 1 + records.length + entries.length) {
        throw this.#servers.outOfOrder()
      }
      for (const [k, record] of records.entries()) record.seen = new SeenRecord(said[k + 1], record.count)
      place.values = said.slice(1 + records.length)
    }
    return this.#wanted.map(({ entry, asked, records }) => ({
      entry: (entry?.place.values[entry.at] as string | null | undefined) ?? undefined,
      clocks: asked.places.map(({ record, at }) => {
        const { record: from, from: before } = records[record] as (typeof records)[number]
        return (from.seen as SeenRecord).at(before + at)
      }),
    }))
  }

  #lengthening({ name }: AskedRecord, now: number): string {
    const life = this.#lives.get(name)
    const lifeMs = Math.max(this.#ttlMs, life?.lifeMs ?? 0)
    if (this.#ttlMs === 0 || (life && now - life.lengthenedAt < lifeMs / SHARE_OF_LIFE)) return '-'
    this.#lives.set(name, { lifeMs, lengthenedAt: now })
    return `+${Math.ceil(lifeMs)};`
  }

  #recordOf(name: string): AskedRecord {
    let record = this.#records.get(name)
    if (record) return record
    const [clockKey] = this.#keys.record(name)
    record = { name, clockKey, hashes: '', count: 0, seen: undefined }
    this.#records.set(name, record)
    this.#placeOf(clockKey).records.push(record)
    return record
  }

  #entryOf(key: string): { readonly place: Place; readonly at: number } {
    let entry = this.#entries.get(key)
    if (entry) return entry
    const place = this.#placeOf(key)
    entry = { place, at: place.entries.push(key) - 1 }
    this.#entries.set(key, entry)
    return entry
  }

  #placeOf(key: string): Place {
    const name = this.#servers.placeOf(key)
    let place = this.#places.get(name)
    if (!place) this.#places.set(name, (place = { token: newToken(), entries: [], records: [], values: [] }))
    return place
  }
}

/** How a list of tags is asked for: of each record the hashes, and where the clock of each tag is in what is answered. */
interface AskedTags {
  readonly records: readonly { readonly record: string; readonly hashes: string; readonly count: number }[]
  /** Of each tag, in the order of the list. */
  readonly places: readonly { readonly record: number; readonly at: number }[]
}

const asked = new WeakMap<readonly Tag[], AskedTags>()

/** Kept as long as the list is: that of an entry or a query is asked for with every hit. */
function askedTags(tags: readonly Tag[]): AskedTags {
  let known = asked.get(tags)
  if (known) return known
  const records: { readonly record: string; hashes: string; count: number }[] = []
  const numbers = new Map<string, number>()
  const places = tags.map((tag) => {
    const { record, hash } = placeOf(tag)
    let number = numbers.get(record)
    if (number === undefined) {
      number = records.push({ record, hashes: '', count: 0 }) - 1
      numbers.set(record, number)
    }
    const own = records[number] as (typeof records)[number]
    own.hashes += hashDigits(hash)
    own.count += 1
    return { record: number, at: own.count - 1 }
  })
  known = { records, places }
  asked.set(tags, known)
  return known
}

/** What LOOK says of one record: its epoch, its clock, and of each hash it was asked for the clock of its last change. */
class SeenRecord {
  readonly #epoch: string
  readonly #now: number
  readonly #said: readonly string[]

  constructor(said: unknown, count: number) {
    const [epoch, now, ...clocks] = String(said).split(' ')
    if (typeof said !== 'string' || epoch === undefined || !isNumber(now) || clocks.length !== count) {
      throw new StoreUnavailableError('not the clocks that were asked for')
    }
    this.#epoch = epoch
    this.#now = Number(now)
    this.#said = clocks
  }

  at(place: number): SeenTag {
    const said = this.#said[place] as string
    if (said === '-') return LOCKED
    const epoch = this.#epoch
    const now = this.#now
    const [changed, clock, until] = said.split(':')
    if (isNumber(changed) && clock === undefined) return { epoch, now, changed: Number(changed) }
    if (!isNumber(changed) || !isNumber(clock) || !isNumber(until)) throw new StoreUnavailableError('not a clock')
    return { epoch, now, changed: Number(changed), soft: { clock: Number(clock), until: Number(until) } }
  }
}

function isNumber(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text)
}
