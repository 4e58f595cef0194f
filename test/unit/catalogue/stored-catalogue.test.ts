import { expect, it } from 'vitest'
import type { Catalogue } from '../../../src/catalogue/catalogue.ts'
import { readStored, writeStored } from '../../../src/catalogue/stored-catalogue.ts'

const catalogue: Catalogue = {
  readAt: 1,
  showsTriggers: true,
  tables: new Map([
    [
      '__proto__',
      {
        columns: new Map([['name', { changesByItself: true, collation: { name: 'C', isDeterministic: true } }]]),
        writes: { created: 'any', updated: new Set(['a', 'b']), deleted: new Set<string>() },
        foreignKeys: [{ columns: ['a'], target: 'b', references: ['c'], onDelete: 'cascade', onUpdate: 'none' }],
        isTransactional: false,
      },
    ],
  ]),
}

it('a catalogue is read as it was written', () => {
  expect(readStored(writeStored(catalogue) ?? '')).toEqual(catalogue)
})

it('what is no catalogue is none', () => {
  const text = writeStored(catalogue) ?? ''
  for (const other of [
    '',
    'null',
    '[]',
    text.slice(1),
    text.replace('"v":1', '"v":2'),
    text.replace('"any"', '"all"'),
  ]) {
    expect(readStored(other), other.slice(0, 40)).toBeUndefined()
  }
  expect(readStored(`${text}${' '.repeat(2 ** 20)}`)).toBeUndefined()
})

it('one that is too large is not shared', () => {
  const [table] = [...catalogue.tables.values()]
  const tables = new Map(Array.from({ length: 10_000 }, (_, i) => [`table ${i}`, table as NonNullable<typeof table>]))
  expect(writeStored({ ...catalogue, tables })).toBeUndefined()
})
