import { createHmac, createSecretKey } from 'node:crypto'

/** One name for one text. */
export type Digest = (text: string) => string

/**
 * Names that say nothing of their texts to whoever has not the key, however few texts there may be: a plain hash of an
 * e-mail address is found by trying addresses. Digests of different uses have nothing in common.
 */
export function keyedDigest(key: Uint8Array, use: string): Digest {
  const secret = createSecretKey(key)
  return (text) => createHmac('sha256', secret).update(`${use}\n${text}`).digest('base64url')
}
