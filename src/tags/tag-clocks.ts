import { randomFillSync } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { modelOf, type Tag } from './tag.ts'

/**
 * Tags of one model share a **clock record**: a random `epoch`, and a `clock` that grows with every write to the model.
 * The record notes for each tag the clock of its last change. A tag that never changed needs no note, so a miss creates
 * nothing and a fill asks for nothing.
 *
 * An entry holds, for each record it depends on, the epoch and the clock that were seen **before** the database was asked.
 * It is good while the epochs are equal and none of its tags has changed at a later clock. A record that was evicted,
 * flushed or lost comes back with another epoch, so everything that was stored under it is dead.
 */
export interface Stamp {
  readonly epoch: string
  readonly clock: number
}

/** What a look-up saw of one tag. */
export interface TagClock {
  readonly epoch: string
  /** The clock of the record, the same for all its tags. */
  readonly now: number
  /** The clock of the tag's last change. Never less than the floor of the record. */
  readonly changed: number
  /** The tag was invalidated softly at this clock; entries from before may be served stale until then, epoch ms. */
  readonly soft?: { readonly clock: number; readonly until: number } | undefined
}

/**
 * Said instead while a writer has locked the tag: its change may be committed and is not announced yet, so nothing may be
 * served or stored under this tag.
 */
export const LOCKED = '~'
export type SeenTag = TagClock | typeof LOCKED

/** The one test of entries, flights, leases, registrations and copies: nothing has changed since the stamp. */
export function isCurrent(stamp: Stamp | undefined, seen: SeenTag | undefined): boolean {
  if (stamp === undefined || seen === undefined || seen === LOCKED) return false
  return seen.epoch === stamp.epoch && seen.changed <= stamp.clock && (!seen.soft || seen.soft.clock <= stamp.clock)
}

/** Until when what was stored under the stamp may be served stale, epoch ms; 0: not at all. */
export function graceUntil(stamp: Stamp | undefined, seen: SeenTag | undefined): number {
  if (stamp === undefined || seen === undefined || seen === LOCKED || !seen.soft) return 0
  return seen.epoch === stamp.epoch && seen.changed <= stamp.clock ? seen.soft.until : 0
}

/** Where the clock of a tag is kept. */
export interface ClockPlace {
  /** The record of its model, or one for each kind of tag of the application's own. */
  readonly record: string
  /**
   * Its slot in a record of `MAX_SLOTS`; a smaller record uses as many bits of it as it has. Two tags of one slot are
   * invalidated together, which costs a miss.
   */
  readonly hash: number
}

/** Tags come with every read and write: what is known of their names is kept. */
export function placeOf(tag: Tag): ClockPlace {
  let place = places.get(tag)
  if (place === undefined) {
    if (places.size >= MAX_PLACES) places.clear()
    // CRC-32 spreads names that differ in a number well, and is no secret.
    places.set(tag, (place = { record: modelOf(tag) ?? tag.charAt(0), hash: crc32(tag) >>> (32 - MAX_BITS) }))
  }
  return place
}

export function recordOf(tag: Tag): string {
  return placeOf(tag).record
}

export function slotHash(tag: Tag): number {
  return placeOf(tag).hash
}

/** By record, as each was seen first. */
export type Stamps = ReadonlyMap<string, Stamp>

export function stampsOf(seen: ReadonlyMap<Tag, SeenTag>): Stamps {
  const stamps = new Map<string, Stamp>()
  for (const [tag, clock] of seen) {
    if (clock === LOCKED) continue
    const record = recordOf(tag)
    if (!stamps.has(record)) stamps.set(record, { epoch: clock.epoch, clock: clock.now })
  }
  return stamps
}

/**
 * Names what was seen of tags: of each record the epoch and the latest of their changes. Equal only where none of them has
 * changed in between, for a change has a clock that none had before. The clock of the record itself would not do: writes
 * that concern none of these tags move it.
 */
export function changesText(seen: Iterable<readonly [tag: Tag, clock: SeenTag | undefined]>): string {
  const records = new Map<string, { readonly epoch: string; latest: number }>()
  for (const [tag, clock] of seen) {
    if (clock === undefined || clock === LOCKED) continue
    const record = recordOf(tag)
    const changed = Math.max(clock.changed, clock.soft?.clock ?? 0)
    const found = records.get(record)
    if (!found) records.set(record, { epoch: clock.epoch, latest: changed })
    else if (changed > found.latest) found.latest = changed
  }
  return [...records].map(([record, { epoch, latest }]) => `${record}.${epoch}.${latest}`).join(' ')
}

const MAX_PLACES = 50_000
const places = new Map<Tag, ClockPlace>()

/** Slots of a new record, 16 KiB, and the most it grows to, 4 MiB. */
export const FIRST_SLOTS = 4096
const MAX_BITS = 20
export const MAX_SLOTS = 2 ** MAX_BITS
/** A record grows when one in so many of its slots was changed for the first time since it last grew. */
export const GROW_AT = 32
/** Beyond it the record begins anew, under another epoch. */
export const MAX_CLOCK = 2 ** 32 - 2

const TOKEN_BYTES = 9
const pool = Buffer.allocUnsafe(TOKEN_BYTES * 256)
let used = pool.length

/** 72 random bits in 12 characters that need no escaping: epochs, holders of leases and locks. */
export function newToken(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += TOKEN_BYTES
  return pool.toString('base64url', used - TOKEN_BYTES, used)
}

export const EPOCH_LENGTH = 12
