import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { CodecError } from '../errors.ts'
import { type Envelope, headerText } from './envelope.ts'

export interface SealingKey {
  /** Stands in the clear in what it seals. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals payloads with AES-256-GCM: the first key seals, all of them open. What is sealed is bound to the key of its
 * entry and to the header of its envelope: put under another key, or under other versions, it does not open.
 *
 * Each entry has a cipher key of its own, made of the secret and the entry's key. Nonces are drawn by chance, which is
 * good for 2^32 fills under one cipher key: of one entry, then, and not of all there are.
 */
export class Keyring {
  readonly #keys: ReadonlyMap<string, KeyObject>
  readonly #newest: string

  /** Newest first; there is one at least. */
  constructor(keys: readonly SealingKey[]) {
    this.#keys = new Map(keys.map(({ id, key }) => [id, createSecretKey(key)]))
    this.#newest = (keys[0] as SealingKey).id
  }

  seal(entryKey: string, envelope: Envelope): Envelope {
    const keyId = this.#newest
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#cipherKey(keyId, entryKey), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(boundTo(entryKey, envelope))
    const sealed = Buffer.concat([nonce, cipher.update(envelope.payload, 'utf8'), cipher.final(), cipher.getAuthTag()])
    return { ...envelope, payload: sealed.toString('base64'), sealedWith: keyId }
  }

  /**
   * The payload that was sealed.
   * @throws CodecError for a key that is not here, and for what was not sealed as this.
   */
  open(entryKey: string, envelope: Envelope): string {
    const cipherKey = this.#cipherKey(envelope.sealedWith ?? '', entryKey)
    const sealed = Buffer.from(envelope.payload, 'base64')
    const end = sealed.length - TAG_BYTES
    if (end < NONCE_BYTES) throw new CodecError('not a whole sealed payload')
    const decipher = createDecipheriv(CIPHER, cipherKey, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
    decipher.setAAD(boundTo(entryKey, envelope))
    decipher.setAuthTag(sealed.subarray(end))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()]).toString('utf8')
    } catch {
      throw new CodecError('the sealed payload was tampered with, or belongs to another entry')
    }
  }

  #cipherKey(keyId: string, entryKey: string): Buffer {
    const key = this.#keys.get(keyId)
    if (!key) throw new CodecError('sealed with a key that is not among `encryption.keys`')
    return createHmac('sha256', key).update(`seal\n${entryKey}`).digest()
  }
}

function boundTo(entryKey: string, envelope: Envelope): Buffer {
  return Buffer.from(`${entryKey}\n${headerText(envelope)}`, 'utf8')
}
