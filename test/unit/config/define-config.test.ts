import { expect, it } from 'vitest'
import { defineCacheConfig } from '../../../src/config/define-config.ts'

it('a config is what it was written as: the names are checked by the type system alone', () => {
  const config = { models: { Anything: { ttl: 1 } } }
  expect(defineCacheConfig(config)).toBe(config)
})
