import { describe, expect, it } from 'vitest'
import { newVersion } from '../../../src/tags/tag-versions.ts'

describe('a new version', () => {
  it('is one that never was, through many pools of randomness', () => {
    const versions = new Set(Array.from({ length: 10_000 }, newVersion))
    expect(versions.size).toBe(10_000)
  })

  it('needs no escaping where entries list their versions', () => {
    expect(newVersion()).toMatch(/^[\w-]{12}$/)
  })
})
