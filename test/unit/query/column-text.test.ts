import { describe, expect, it } from 'vitest'
import { columnText } from '../../../src/query/column-text.ts'
import type { Field } from '../../../src/query/model-graph.ts'
import { graphOf } from './graph-of.ts'

type Known = string | undefined

/** The text of a string under a collation: `undefined` not known, `=name` deterministic, else by name. */
function textOf(provider: string, collation: Known, value: string, type = 'String'): string | undefined {
  const graph = graphOf(`model M {\n  key ${type} @unique\n}`, provider)
  const field = graph.models.get('M')?.fields.get('key') as Field
  const isDeterministic = collation?.startsWith('=') === true
  return columnText(graph, { ...field, ...(collation && { collation: { name: collation, isDeterministic } }) }, value)
}

describe('two strings that a database holds equal have one text, or one of them has none', () => {
  it.each<[string, Known, string, string]>([
    ['postgresql', undefined, 'Jørgen', 'jorgen'],
    ['postgresql', 'nd', 'Jørgen', 'jorgen'],
    ['postgresql', 'nd', 'Ægir', 'aegir'],
    ['postgresql', 'nd', 'カナ', 'かな'],
    ['postgresql', 'nd', '007', '7'],
    ['postgresql', 'nd', '1-07', '107'],
    ['postgresql', 'nd', '1-07', '1-7'],
    ['postgresql', 'nd', '1-0', '1-00'],
    ['postgresql', 'nd', '٧', '7'],
    ['postgresql', 'nd', 'co-op', 'coop'],
    ['postgresql', 'nd', 'co op.', 'coop'],
    ['postgresql', 'nd', 'e\u0301te', '\u00e9te'],
    ['postgresql', 'nd', 'yla', 'ila'],
    ['postgresql', 'nd', 'vera', 'Wera'],
    ['postgresql', 'nd', 'ccs', 'cscs'],
    ['postgresql', 'nd', 'ddzs', 'dzsdzs'],
    ['postgresql', 'nd', '\u0000a', 'a'],
    ['postgresql', undefined, 'a\u200bb', 'ab'],
    ['postgresql', '=C', 'ada  ', 'ada'],
    ['cockroachdb', undefined, 'Jørgen', 'jorgen'],
    ['mysql', undefined, 'ADA', 'ada'],
    ['mysql', undefined, 'é', 'e'],
    ['mysql', undefined, 'ch', 'c'],
    ['mysql', undefined, 'iulius', 'jvlivs'],
    ['mysql', undefined, 'ayb', 'a~b'],
    ['mysql', undefined, 'sunny', 'sunyny'],
    ['mysql', 'utf8mb4_uca1400_ai_ci', 'ß', 'ss'],
    ['mysql', 'utf8mb4_unicode_ci', 'ada ', 'ada'],
    ['mysql', 'utf8mb4_german2_ci', 'ä', 'ae'],
    ['mysql', 'utf8mb4_danish_ci', 'Århus', 'aarhus'],
    ['mysql', 'utf8mb4_hu_0900_ai_ci', 'Ccs', 'cscs'],
    ['mysql', 'utf8mb4_hungarian_ci', 'nny', 'nyny'],
    ['mysql', 'gbk_chinese_ci', 'ayb', 'a~b'],
    ['mysql', 'utf8mb4_lithuanian_ci', 'chytra', 'citra'],
    ['mysql', '=utf8mb4_bin', 'ada  ', 'ada'],
    ['sqlserver', undefined, 'ＡＤＡ', 'ada'],
    ['sqlserver', 'Hungarian_CI_AI', 'ccs', 'cscs'],
    ['sqlserver', 'Latin1_General_CI_AS', 'ada@x  ', 'ADA@x'],
    ['sqlite', undefined, 'Ada', 'ADA'],
    ['sqlite', undefined, 'ada  ', 'ada'],
    ['sqlite', undefined, '007', '7'],
    ['sqlite', undefined, '7.0', ' +7e0'],
    ['sqlite', undefined, 'Été', 'ÉTÉ'],
  ])('%s, %s: %j and %j', (provider, collation, a, b) => {
    const [one, other] = [textOf(provider, collation, a), textOf(provider, collation, b)]
    if (one !== undefined && other !== undefined) expect(one).toBe(other)
  })
})

describe('a string has the same text whatever a process knows of the collation', () => {
  it.each<[string, string, readonly Known[]]>([
    ['postgresql', 'a-1', [undefined, 'nd', '=C']],
    ['mysql', 'a-1', [undefined, 'utf8mb4_unicode_ci', '=utf8mb4_bin']],
    ['mysql', 'a@b.example', ['utf8mb4_unicode_ci', '=utf8mb4_bin']],
    ['sqlserver', 'a-1', [undefined, 'Latin1_General_CI_AS', '=Latin1_General_BIN2']],
  ])('%s: %s', (provider, text, all) => {
    const texts = new Set(all.map((collation) => textOf(provider, collation, text)))
    expect(texts.size).toBe(1)
    expect(texts).not.toContain(undefined)
  })
})

describe('what names a row', () => {
  it.each<[string, Known, string]>([
    ['postgresql', undefined, 'ada@example.test'],
    ['postgresql', '=C', 'Jørgen'],
    ['sqlite', undefined, 'Jørgen'],
    ['mysql', undefined, 'cjld2cjxh0000qzrmn831i7rn'],
    ['mysql', undefined, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    ['mysql', undefined, 'V1StGXR8_Z5jdHi6B-myT'],
    ['mysql', 'utf8mb4_unicode_ci', 'sunny@example.test'],
    ['mysql', '=utf8mb4_bin', 'Jørgen'],
    ['sqlserver', undefined, 'a-slug'],
  ])('%s, %s: %s', (provider, collation, text) => {
    expect(textOf(provider, collation, text)).toBeDefined()
  })

  it.each<[string, Known, string]>([
    ['postgresql', undefined, 'Jørgen'],
    ['postgresql', 'nd', 'Jørgen'],
    ['mysql', undefined, 'ada@example.test'],
    ['mysql', 'utf8mb4_unicode_ci', 'Jørgen'],
    ['sqlserver', undefined, 'ada@example.test'],
    ['mongodb', undefined, 'ada'],
  ])('not: %s, %s: %s', (provider, collation, text) => {
    expect(textOf(provider, collation, text)).toBeUndefined()
  })

  it('a UUID, but not what the database could not read or would cut', () => {
    const uuid = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
    const text = textOf('sqlserver', undefined, uuid, 'String @db.UniqueIdentifier')
    expect(text).toBeDefined()
    expect(textOf('sqlserver', undefined, `{${uuid.toUpperCase()}}`, 'String @db.UniqueIdentifier')).toBe(text)
    expect(textOf('sqlserver', undefined, `${uuid}ff`, 'String @db.UniqueIdentifier')).toBeUndefined()
  })

  it('no year, which may be written in two digits', () => {
    const field = graphOf('model M {\n  key Int @db.Year\n}', 'mysql').models.get('M')?.fields.get('key') as Field
    expect(columnText({ provider: 'mysql', models: new Map() }, field, 70)).toBeUndefined()
  })
})
