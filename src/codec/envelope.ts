import { CodecError } from '../errors.ts'
import type { TagVersion } from '../tags/tag-versions.ts'

/**
 * What is stored under an entry's key: one line of header, then the payload.
 *
 *     qc2 <read at, ms> <fresh for, ms> <kept for, ms> <check> <version,version,…> <tag,tag,…>\n<payload>
 *
 * `versions` are those the entry's tags had **before** the database was asked. `tags` are empty where they are those of
 * the plan, in its order; else an entry that depends on others names them, or their place in what every look-up asks for.
 * `check` is the digest of the query when the key is the application's own word, else `-`: it keeps two queries that
 * were given one `key` from answering for each other.
 */
export interface Envelope {
  /** When the database was asked, epoch ms of the process that filled. */
  readonly readAt: number
  readonly freshForMs: number
  readonly keptForMs: number
  readonly check: string
  readonly versions: readonly TagVersion[]
  readonly tags: readonly string[]
  readonly payload: string
}

/** Moves with every change of the layout above or of the payload; part of every key, so that versions never meet. */
export const WIRE_VERSION = 'qc2'

export function writeEnvelope(envelope: Envelope): string {
  const { readAt, freshForMs, keptForMs, check, versions, tags, payload } = envelope
  const lists = `${versions.join(',')} ${tags.join(',')}`
  return `${WIRE_VERSION} ${readAt} ${freshForMs} ${keptForMs} ${check} ${lists}\n${payload}`
}

/** @throws CodecError for anything that is not an envelope of this version. */
export function readEnvelope(bytes: string): Envelope {
  const end = bytes.indexOf('\n')
  const header = end < 0 ? undefined : HEADER.exec(bytes.slice(0, end))
  if (!header) throw new CodecError('not an entry of this version')
  const [, readAt, freshForMs, keptForMs, check, versions, tags] = header as unknown as string[]
  return {
    readAt: Number(readAt),
    freshForMs: Number(freshForMs),
    keptForMs: Number(keptForMs),
    check: check as string,
    versions: listed(versions as string),
    tags: listed(tags as string),
    payload: bytes.slice(end + 1),
  }
}

const HEADER = new RegExp(`^${WIRE_VERSION} (\\d{1,16}) (\\d{1,16}) (\\d{1,16}) ([\\w-]+) ([\\w,-]*) ([^\\s#]*)$`)

function listed(text: string): string[] {
  return text === '' ? [] : text.split(',')
}
