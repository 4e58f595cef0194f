import { expect, it } from 'vitest'
import type { Model } from '../../../src/query/model-graph.ts'
import { writtenText } from '../../../src/query/written-text.ts'
import { graphOf } from './graph-of.ts'

function written(provider: string, type: string, value: unknown): string | undefined {
  const graph = graphOf(`model M {\n  id Int @id @default(autoincrement())\n  key ${type}\n}`, provider)
  const model = graph.models.get('M') as Model
  return writtenText(graph, model, model.fields.get('key')!, value)
}

it.each<[string, string, unknown]>([
  ['mysql', 'Int @unique', 0],
  ['mysql', 'BigInt @unique', 0n],
  ['mysql', 'Int? @unique @default(autoincrement())', null],
  ['mysql', 'Int @db.TinyInt', 128],
  ['mysql', 'Int @db.UnsignedTinyInt', 256],
  ['mysql', 'Int @db.UnsignedInt', -1],
  ['mysql', 'BigInt', 2n ** 63n],
  ['mysql', 'Int @db.Unheard', 1],
  ['mysql', 'String', 'a'.repeat(192)],
  ['mysql', 'String @db.VarChar(5)', 'abcdef'],
  ['mysql', 'String @db.TinyText', 'a'.repeat(256)],
  ['sqlserver', 'String', '字'],
  ['sqlite', 'Int? @unique @default(autoincrement())', null],
])('%s may store another value in %s than %s', (provider, type, value) => {
  expect(written(provider, type, value)).toBeUndefined()
})

it.each<[string, string, unknown]>([
  ['mysql', 'Int', 0],
  ['mysql', 'Int? @unique', null],
  ['mysql', 'Int @db.TinyInt', -128],
  ['mysql', 'Int @db.UnsignedTinyInt', 255],
  ['mysql', 'BigInt', 2n ** 53n],
  ['mysql', 'Boolean', false],
  ['mysql', 'String @db.VarChar(5)', 'abcde'],
  ['mysql', 'String @db.Text', 'a'.repeat(192)],
  ['postgresql', 'Int @unique', 0],
  ['sqlite', 'String', 'a'.repeat(192)],
])('%s stores in %s just %s', (provider, type, value) => {
  expect(written(provider, type, value)).toBeDefined()
})
