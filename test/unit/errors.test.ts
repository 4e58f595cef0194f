import { describe, expect, it } from 'vitest'
import { CacheConfigError, CodecError, StoreUnavailableError, show, storeError } from '../../src/errors.ts'

describe('an error', () => {
  it('of the configuration says which option, what is wrong and what to do', () => {
    const cause = new Error('below')
    const error = new CacheConfigError('models.User.ttl', 'got -1', 'Give seconds.', { cause })
    expect(error.message).toBe('Invalid cache option `models.User.ttl`: got -1. Give seconds.')
    expect(error).toMatchObject({ name: 'CacheConfigError', code: 'CACHE_CONFIG', option: 'models.User.ttl', cause })
  })

  it('can be told by its code where its class is another copy', () => {
    expect(new StoreUnavailableError('x')).toMatchObject({
      name: 'StoreUnavailableError',
      code: 'CACHE_STORE_UNAVAILABLE',
    })
    expect(new CodecError('x')).toMatchObject({ name: 'CodecError', code: 'CACHE_CODEC' })
  })
})

describe('what a store’s client threw', () => {
  it.each([
    [
      'Command queue state error. If you can reproduce this, please report it. Last reply: [{"a":1}]\nsecret',
      'Command queue state error. If you can reproduce this, please report it.…',
    ],
    ["ERR unknown command 'get', with args beginning with: 'secret'", 'ERR unknown command…'],
    ['ERR Error running script (call to f_1): @user_script:3: secret', 'ERR Error running script (call to f_1)…'],
    ['NOPERM this user has no permissions', 'NOPERM this user has no permissions'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED 127.0.0.1:6379'],
    ['cannot reach redis://user:secret@host:1/0', 'cannot reach redis://host:1/0'],
    ['a\u001b[31mred', 'a [31mred'],
    [`${'x'.repeat(500)}secret`, `${'x'.repeat(160)}…`],
  ])('is told without what it quotes: %j', (message, told) => {
    expect(storeError(new Error(message)).message).toBe(told)
  })

  it('is told without anything where it is no error', () => {
    expect(storeError('secret').message).toBe('the store failed')
  })
})

describe('a value is shown', () => {
  it.each<[unknown, string]>([
    ['text', '"text"'],
    ['a "quoted"\nline', '"a \\"quoted\\"\\nline"'],
    ['x'.repeat(41), `"${'x'.repeat(40)}…"`],
    [1, '1'],
    [Number.NaN, 'NaN'],
    [1n, '1n'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 1, 'a function'],
    [[1, 2], 'an array of 2'],
    [{}, 'an object with no keys'],
    [{ a: 1, b: 2 }, 'an object with a, b'],
  ])('%s as %s', (value, shown) => {
    expect(show(value)).toBe(shown)
  })

  it('without what may be a password', () => {
    for (const text of ['redis://user:hunter2@host:1/0', ':hunter2@host', 'redis://:p@hunter2@host']) {
      expect(show(text)).not.toContain('hunter2')
      expect(show(text)).toContain('host')
    }
    expect(show({ password: 'hunter2' })).toBe('an object with password')
    expect(show(['hunter2'])).toBe('an array of 1')
  })

  it('short, however large it is', () => {
    expect(show('x'.repeat(1e6)).length).toBeLessThan(50)
    const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key${i}`, i]))
    expect(show(wide).length).toBeLessThan(500)
  })
})
