import { CodecError } from '../errors.ts'
import { EPOCH_LENGTH, type Stamp } from '../tags/tag-clocks.ts'

/**
 * What is stored under an entry's key: one line of header, then the payload.
 *
 *     qc6 <read at> <fresh for> <kept for>[+<took>] <check> <epoch.clock,…> <tag,tag,…> <length of the payload>[@<key>]\n<payload>
 *
 * Numbers are written to the base 36, times are milliseconds. The length tells an entry that was cut off: of a payload
 * like `42` the first half is a payload as well.
 * `stamps` are the clocks of the records its tags belong to, in the order of the tags, as they were **before** the
 * database was asked. `tags` are empty where they are those of the plan, in its order; else an entry that depends on
 * others names them, or their place in what every look-up asks for.
 * In names, what parts a header is written as in a URL: those of the application hold any character.
 * `check` names the query: the first characters of its digest, all of it where the key is the application's own word. A
 * reader compares it, so that an entry that comes back under another key (a reply of Redis that was meant for another
 * command, a key that was copied, two queries that were given one `key`) answers for no query but its own.
 * Behind `@` stands the id of the key that the payload is sealed with, see `seal.ts`.
 */
export interface Envelope {
  /** When the database was asked, epoch ms of the process that filled. */
  readonly readAt: number
  readonly freshForMs: number
  readonly keptForMs: number
  /** How long the database took, ms; 0 where it took less than one. */
  readonly tookMs: number
  readonly check: string
  readonly stamps: readonly Stamp[]
  readonly tags: readonly string[]
  readonly payload: string
  /** The id of the key that opens the payload; `undefined`: it is not sealed. */
  readonly sealedWith?: string | undefined
}

/** Most tags of an entry: each is looked up with every hit. A result that depends on more is not stored. */
export const MAX_TAGS = 4096
/** Characters of a header; those of most entries have a hundred. */
export const MAX_HEADER = 1024 * 1024

/** Moves with every change of the layout above or of the payload; part of every key, so that versions never meet. */
export const WIRE_VERSION = 'qc6'

/** @throws CodecError for one with more tags than are read back. */
export function writeEnvelope(envelope: Envelope): string {
  const { payload, sealedWith, tags, stamps } = envelope
  const seal = sealedWith === undefined ? '' : `@${sealedWith}`
  const header = `${headerText(envelope)} ${numberText(payload.length)}${seal}`
  if (tags.length > MAX_TAGS || stamps.length > MAX_TAGS || header.length > MAX_HEADER)
    throw new CodecError('an entry with too many tags')
  return `${header}\n${payload}`
}

/** All that the header says of the payload but its length. */
export function headerText(envelope: Omit<Envelope, 'payload'>): string {
  const { readAt, freshForMs, keptForMs, tookMs, check, stamps, tags } = envelope
  const took = tookMs > 0 ? `+${numberText(tookMs)}` : ''
  const times = `${numberText(readAt)} ${numberText(freshForMs)} ${numberText(keptForMs)}${took}`
  return `${WIRE_VERSION} ${times} ${check} ${stamps.map(stampText).join(',')} ${tags.map(nameText).join(',')}`
}

/** @throws CodecError for anything that is not a whole envelope of this version. */
export function readEnvelope(bytes: string): Envelope {
  const end = bytes.indexOf('\n')
  const header = end < 0 || end > MAX_HEADER ? undefined : HEADER.exec(bytes.slice(0, end))
  if (!header) throw new CodecError('not an entry of this version')
  const [, readAt, freshForMs, keptForMs, tookMs, check, stamps, tags, length, sealedWith] = header as unknown as (
    | string
    | undefined
  )[]
  const payload = bytes.slice(end + 1)
  if (payload.length !== numberOf(length)) throw new CodecError('not a whole entry')
  return {
    readAt: numberOf(readAt),
    freshForMs: numberOf(freshForMs),
    keptForMs: numberOf(keptForMs),
    tookMs: tookMs === undefined ? 0 : numberOf(tookMs),
    check: check as string,
    stamps: listed(stamps as string).map(stampOf),
    tags: listed(tags as string).map(nameOf),
    payload,
    sealedWith,
  }
}

const NUMBER = '([0-9a-z]{1,11})'
const HEADER = new RegExp(
  `^${WIRE_VERSION} ${NUMBER} ${NUMBER} ${NUMBER}(?:\\+${NUMBER})? ([\\w-]+) ([\\w.,-]*) ([^\\s#]*) ${NUMBER}(?:@([\\w.-]{1,32}))?$`,
)

function numberText(number: number): string {
  return number.toString(36)
}

function numberOf(text: string | undefined): number {
  return Number.parseInt(text as string, 36)
}

function stampText({ epoch, clock }: Stamp): string {
  return `${epoch}.${numberText(clock)}`
}

function stampOf(text: string): Stamp {
  if (text.charAt(EPOCH_LENGTH) !== '.') throw new CodecError('a stamp that cannot be read')
  return { epoch: text.slice(0, EPOCH_LENGTH), clock: numberOf(text.slice(EPOCH_LENGTH + 1)) }
}

function nameText(name: string): string {
  return UNSAFE.test(name) ? name.replaceAll(UNSAFE_ALL, encodeURIComponent) : name
}

function nameOf(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (error) {
    throw new CodecError('a tag that cannot be read', { cause: error })
  }
}

const UNSAFE = /[%#,\s]/
const UNSAFE_ALL = /[%#,\s]/g

function listed(text: string): string[] {
  const list = text === '' ? [] : text.split(',', MAX_TAGS + 1)
  if (list.length > MAX_TAGS) throw new CodecError('an entry with too many tags')
  return list
}
