import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { keyedDigest } from '../../../src/tags/keyed-digest.ts'

const key = randomBytes(32)

it('is one name for one text, in one use, under one key', () => {
  const digest = keyedDigest(key, 'query')
  expect(digest('a')).toMatch(/^[\w-]{43}$/)
  expect(keyedDigest(new Uint8Array(key), 'query')('a')).toBe(digest('a'))
  const others = [digest('b'), digest(''), keyedDigest(key, 'value')('a'), keyedDigest(randomBytes(32), 'query')('a')]
  expect(new Set([digest('a'), ...others]).size).toBe(5)
})
