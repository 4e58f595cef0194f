const BYTES = 32

/** What a key is called in the clear. */
export const KEY_ID = /^[\w.-]{1,32}$/

/** A key of 32 bytes, given as such or as their text in base64, base64url or hexadecimal; `undefined` for anything else. */
export function keyBytes(key: unknown): Uint8Array | undefined {
  if (key instanceof Uint8Array) return key.length === BYTES ? key : undefined
  if (typeof key !== 'string') return undefined
  if (/^[0-9a-f]{64}$/i.test(key)) return Buffer.from(key, 'hex')
  // 43 characters hold them; what they are padded with says nothing.
  return /^[\w+/-]{43}=?$/.test(key) ? Buffer.from(key, 'base64') : undefined
}
