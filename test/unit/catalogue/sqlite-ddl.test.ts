import { expect, it } from 'vitest'
import { columnCollations, withoutTexts } from '../../../src/catalogue/sqlite-ddl.ts'

it('collations are read from the columns they belong to', () => {
  const sql = `CREATE TABLE "t, (x)" ( -- COLLATE none
    id INTEGER PRIMARY KEY, "na""me" TEXT COLLATE NOCASE, [b] TEXT DEFAULT ' collate rtrim, ' CHECK (length(b) > 1),
    \`c\` TEXT collate "rtrim", UNIQUE (id))`
  expect([...columnCollations(sql)]).toEqual([
    ['na""me', 'NOCASE'],
    ['c', 'RTRIM'],
  ])
})

it('what stands in quotes and comments is no constraint', () => {
  expect(withoutTexts(`a 'ON CONFLICT REPLACE' -- ON CONFLICT REPLACE\n"ON CONFLICT REPLACE"`)).not.toContain('REPLACE')
})
