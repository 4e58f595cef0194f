import * as v from 'valibot'

/** Names for usual lengths, in seconds. */
export const TTL_PRESETS = { short: 60, medium: 300, long: 1800, hour: 3600, day: 86_400 } as const

export type TtlPreset = keyof typeof TTL_PRESETS

/** A length of time: **seconds**, or `'short'` (60), `'medium'` (300), `'long'` (1800), `'hour'` (3600), `'day'` (86 400). */
export type Ttl = number | TtlPreset

export function secondsOf(ttl: Ttl): number {
  return typeof ttl === 'number' ? ttl : TTL_PRESETS[ttl]
}

/** Ten years; a longer time is a unit mistaken for another. */
export const MAX_SECONDS = 315_360_000
const SECONDS = `Give seconds from 0 to ${MAX_SECONDS}.`
const NAMES = Object.keys(TTL_PRESETS) as TtlPreset[]
const TTL = `Give seconds from 0 to ${MAX_SECONDS}, or one of ${NAMES.map((name) => `'${name}'`).join(', ')}.`

const lengthOf = (fix: string) => v.pipe(v.number(fix), v.finite(fix), v.minValue(0, fix), v.maxValue(MAX_SECONDS, fix))

export const secondsSchema = lengthOf(SECONDS)
export const ttlSchema = v.union([v.picklist(NAMES), lengthOf(TTL)], TTL)
