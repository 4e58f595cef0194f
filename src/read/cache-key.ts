import objectHash from 'object-hash'
import { sha256 } from '../tags/digest.ts'
import type { ReadContext } from './read-context.ts'

/**
 * A short name for a text. SHA-256, since a key may be made of what a stranger typed: two texts with one digest would
 * let one query answer for another. The text must be canonical; `object-hash` on raw arguments throws on Decimal and
 * gives every TypedSQL statement the same digest.
 */
export function digest(text: string): string {
  return objectHash(text, { algorithm: 'sha256', encoding: 'base64' }).replace(/[+/=]/g, (char) => URL_SAFE[char] ?? '')
}

const URL_SAFE: Readonly<Record<string, string>> = { '+': '-', '/': '_' }

/**
 * Names a query: a plain SHA-256, which is made with every read that is not known yet, or under the cache's own key, where
 * it has one. Then what the text says cannot be found by trying.
 */
export function digestIn({ encryption }: Pick<ReadContext, 'encryption'>, text: string): string {
  return (encryption?.digest ?? sha256)(text)
}

/**
 * `{prefix}query:{Model}:{operation}:{digest}`, or `{prefix}query:{Model}:{operation}:@{key}` where the call names the
 * entry itself; the digest then goes into the envelope and is compared on every hit.
 */
export function entryKey(prefix: string, model: string, operation: string, digest: string, key?: string): string {
  return `${prefix}query:${model}:${operation}:${key === undefined ? digest : `@${key}`}`
}
