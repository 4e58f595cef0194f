import * as ioredis from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import packages from '#optional-packages'
import { installedVersion, optionalPackage } from '../../src/optional-package.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** As if the package that is asked for could not be loaded beside ours, nor from the working directory. */
function failing(error: unknown) {
  vi.spyOn(packages, 'ioredis').mockReturnValue({ error })
  vi.spyOn(process, 'cwd').mockReturnValue('/')
}

describe('an optional package', () => {
  it('is the one the application has', () => {
    expect((optionalPackage('ioredis') as typeof ioredis).Redis).toBe(ioredis.Redis)
  })

  it('is looked for from the working directory where it is not beside ours', () => {
    vi.spyOn(packages, 'ioredis').mockReturnValue({ error: new Error('hidden') })
    expect((optionalPackage('ioredis') as typeof ioredis).Redis).toBe(ioredis.Redis)
  })

  it.each([
    ['in Node', Object.assign(new Error("Cannot find module 'ioredis'"), { code: 'MODULE_NOT_FOUND' })],
    ['in a bundle of modules by esbuild', new Error('Dynamic require of "ioredis" is not supported')],
    ['in a bundle of modules by Rollup', new ReferenceError('require is not defined')],
  ])('that is not installed is undefined, %s', (_where, error) => {
    failing(error)
    expect(optionalPackage('ioredis')).toBeUndefined()
  })

  it.each([
    [
      'needs another that is missing',
      Object.assign(new Error("Cannot find module 'denque'"), { code: 'MODULE_NOT_FOUND' }),
    ],
    ['needs a built-in module that the bundle cannot load', new Error('Dynamic require of "events" is not supported')],
    ['throws', new Error('broken')],
  ])('that %s says so', (_how, error) => {
    failing(error)
    expect(() => optionalPackage('ioredis')).toThrow(error)
  })

  it('has a version where it is installed', () => {
    expect(installedVersion('ioredis')).toMatch(/^\d+\./)
    expect(installedVersion('no-such-package-anywhere')).toBeUndefined()
  })
})
