import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { keyBytes } from '../../../src/policy/key-bytes.ts'

const key = randomBytes(32)

it.each([
  ['bytes', new Uint8Array(key)],
  ['a buffer', key],
  ['base64', key.toString('base64')],
  ['base64 without its end', key.toString('base64').slice(0, -1)],
  ['base64url', key.toString('base64url')],
  ['hexadecimal', key.toString('hex')],
  ['hexadecimal in capitals', key.toString('hex').toUpperCase()],
])('32 bytes: %s', (_, given) => {
  expect(Buffer.from(keyBytes(given) as Uint8Array)).toEqual(key)
})

it.each([
  ['nothing', undefined],
  ['a number', 32],
  ['an empty text', ''],
  ['a password', 'correct horse battery staple'],
  ['16 bytes', randomBytes(16)],
  ['33 bytes', randomBytes(33)],
  ['16 bytes in hexadecimal', randomBytes(16).toString('hex')],
  ['24 bytes in base64', randomBytes(24).toString('base64')],
  ['33 bytes in base64', randomBytes(33).toString('base64')],
  ['base64 and a line end', `${key.toString('base64')}\n`],
  ['wider elements', new Uint32Array(32)],
])('no key: %s', (_, given) => {
  expect(keyBytes(given)).toBeUndefined()
})
