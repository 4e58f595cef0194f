import * as ioredis from 'ioredis'
import { describe, expect, it } from 'vitest'
import { optionalPackage } from '../../src/optional-package.ts'

describe('an optional package', () => {
  it('is the one the application has', () => {
    expect((optionalPackage('ioredis') as typeof ioredis).Redis).toBe(ioredis.Redis)
  })

  it('that is not installed is undefined', () => {
    expect(optionalPackage('no-such-package-anywhere')).toBeUndefined()
  })
})
