import { Keyring } from '../codec/seal.ts'
import { keyBytes } from '../policy/key-bytes.ts'
import type { EncryptionOptions } from '../policy/options.ts'
import type { Encryption } from '../read/read-context.ts'
import { type Digest, keyedDigest } from '../tags/keyed-digest.ts'

/** The secrets of one cache, of options that were checked. */
export function openSecrets({ keys, digestKey }: EncryptionOptions): Encryption & {
  readonly conceal: Digest
  /** Tells one digest key from another, and nothing of the key. */
  readonly spelling: string
} {
  const secret = bytesOf(digestKey)
  return {
    keyring: new Keyring(keys.map(({ id, key }) => ({ id, key: bytesOf(key) }))),
    digest: keyedDigest(secret, 'query'),
    conceal: keyedDigest(secret, 'value'),
    spelling: keyedDigest(secret, 'spelling')('').slice(0, 16),
  }
}

function bytesOf(key: string | Uint8Array): Uint8Array {
  return keyBytes(key) as Uint8Array
}
