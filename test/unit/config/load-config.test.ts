import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/load-config.ts'
import { CacheConfigError } from '../../../src/errors.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'query-cache-config-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const put = (name: string, text: string) => writeFileSync(join(folder, name), text)
const load = (path?: string) => loadConfig(path, folder)
function refused(path?: string): CacheConfigError {
  try {
    load(path)
  } catch (error) {
    expect(error).toBeInstanceOf(CacheConfigError)
    return error as CacheConfigError
  }
  throw new Error('was not refused')
}

describe('a config file', () => {
  it.each([
    ['cache.config.ts', 'export default { prefix: "shop:" } satisfies { prefix: string }'],
    ['cache.config.mts', 'const prefix: string = "shop:"\nexport default { prefix }'],
    ['cache.config.js', 'export default { prefix: "shop:" }'],
    ['cache.config.js', 'module.exports = { prefix: "shop:" }'],
    ['cache.config.mjs', 'export default { prefix: "shop:" }'],
    ['cache.config.cjs', 'module.exports = { prefix: "shop:" }'],
    ['cache.config.json', '{ "prefix": "shop:" }'],
  ])('may be %s: %s', (name, text) => {
    put(name, text)
    expect(load()).toEqual({ prefix: 'shop:' })
  })

  it('may export its options one by one', () => {
    put('cache.config.mjs', 'export const prefix = "shop:"\nexport const timeoutMs = 20')
    expect({ ...load() }).toEqual({ prefix: 'shop:', timeoutMs: 20 })
  })

  it('may import what lies beside it', () => {
    put('times.ts', 'export const hour: number = 3600')
    put('cache.config.ts', 'import { hour } from "./times"\nexport default { models: { Plan: { ttl: hour } } }')
    expect(load()).toEqual({ models: { Plan: { ttl: 3600 } } })
  })

  it('may hold functions and expressions, where it is code', () => {
    put('cache.config.ts', 'export default { vary: () => 7, raw: [{ match: /x/ }] }')
    const { vary, raw } = load()
    expect(vary?.()).toBe(7)
    expect(raw?.[0]?.match).toEqual(/x/)
  })

  it('is read as it is now, each time', () => {
    for (const prefix of ['a:', 'b:']) {
      put('cache.config.ts', `export default { prefix: "${prefix}" }`)
      expect(load()).toEqual({ prefix })
    }
  })

  it('is the first of several: TypeScript before JavaScript before JSON', () => {
    put('cache.config.json', '{ "prefix": "json:" }')
    put('cache.config.js', 'export default { prefix: "js:" }')
    expect(load()).toEqual({ prefix: 'js:' })
    put('cache.config.ts', 'export default { prefix: "ts:" }')
    expect(load()).toEqual({ prefix: 'ts:' })
  })

  it('need not be there', () => {
    expect(load()).toEqual({})
  })

  it('is looked for in its own folder only', () => {
    put('cache.config.json', '{ "prefix": "above:" }')
    const below = join(folder, 'below')
    mkdirSync(below)
    expect(loadConfig(undefined, below)).toEqual({})
  })

  it('may have any name where it is named', () => {
    put('shop.json', '{ "prefix": "shop:" }')
    expect(load('shop.json')).toEqual({ prefix: 'shop:' })
    expect(load('./shop.json')).toEqual({ prefix: 'shop:' })
    expect(loadConfig(join(folder, 'shop.json'), '/')).toEqual({ prefix: 'shop:' })
  })
})

describe('a config file that cannot be used is told', () => {
  it('when it was named and is missing', () => {
    const error = refused('missing.ts')
    expect(error.option).toBe('configFile')
    expect(error.message).toContain(join(folder, 'missing.ts'))
  })

  it('when it is a folder', () => {
    mkdirSync(join(folder, 'cache.config.ts'))
    expect(refused().message).toContain('cache.config.ts')
  })

  it.each([
    ['cache.config.json', '{ "prefix": '],
    ['cache.config.ts', 'export default {'],
    ['cache.config.mjs', 'throw new Error("broken on purpose")'],
    ['cache.config.ts', 'import "./nowhere"\nexport default {}'],
  ])('when %s is broken: %s', (name, text) => {
    put(name, text)
    const error = refused()
    expect(error.option).toBe('configFile')
    expect(error.message).toContain(join(folder, name))
    expect(error.message).toContain('Correct the file, or pass `configFile: false`.')
    expect(error.cause).toBeInstanceOf(Error)
  })

  it.each([
    ['cache.config.json', '{ "prefx": "shop:" }', 'cache.config.json.prefx'],
    ['cache.config.ts', 'export default { models: { User: { ttl: -1 } } }', 'cache.config.ts.models.User.ttl'],
    ['cache.config.ts', 'export default 5', 'cache.config.ts'],
    ['cache.config.json', 'null', 'cache.config.json'],
    ['cache.config.json', '[]', 'cache.config.json'],
    ['cache.config.mjs', 'export default () => ({})', 'cache.config.mjs'],
    ['cache.config.mjs', 'export default Promise.resolve({ prefix: "a:" })', 'cache.config.mjs'],
    ['cache.config.json', '{ "configFile": "other.json" }', 'cache.config.json.configFile'],
  ])('when %s holds what is no option: %s', (name, text, option) => {
    put(name, text)
    expect(refused().option).toBe(option)
  })

  it('without the secrets that stand in it', () => {
    put('cache.config.json', '{ "redis": "redis://:hunter2@localhost" "prefix": "a" }')
    expect(refused().message).not.toContain('hunter2')
    put('cache.config.json', '"redis://:hunter2@localhost')
    expect(refused().message).not.toContain('hunter2')
  })
})
