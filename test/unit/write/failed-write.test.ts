import { describe, expect, it } from 'vitest'
import { changedNothing, leavesTransactionOpen } from '../../../src/write/failed-write.ts'

const known = (code: string) => ({ name: 'PrismaClientKnownRequestError', code })

describe('a write that threw has changed nothing', () => {
  it.each(['create', 'createMany', 'update', 'updateMany', 'upsert', 'delete', 'deleteMany', '$executeRaw'])(
    'when %s was refused before it was sent',
    (operation) => {
      expect(changedNothing({ name: 'PrismaClientValidationError' }, operation, 'postgresql')).toBe(true)
    },
  )

  it.each([
    ['create', 'P2002', 'a unique key that is taken'],
    ['update', 'P2025', 'no such row'],
    ['upsert', 'P2003', 'a foreign key to nothing'],
    ['delete', 'P2014', 'a required relation'],
  ])('when the database refused %s: %s, %s', (operation, code) => {
    expect(changedNothing(known(code), operation, 'postgresql')).toBe(true)
  })
})

describe('a write that threw may have changed something', () => {
  it.each<[string, unknown, string]>([
    ['the connection was lost', known('P1001'), 'create'],
    ['the connection was lost on the way back', { name: 'PrismaClientUnknownRequestError' }, 'create'],
    ['the engine broke', { name: 'PrismaClientRustPanicError' }, 'update'],
    ['the pool timed out', known('P2024'), 'update'],
    ['the transaction timed out', known('P2028'), 'update'],
    ['a deadlock or a write conflict', known('P2034'), 'update'],
    ['a raw statement failed, in whatever part of it', known('P2010'), '$executeRaw'],
    ['a bulk write may be several statements, the first of which stand', known('P2002'), 'createMany'],
    ['a bulk write', known('P2002'), 'createManyAndReturn'],
    ['a bulk write', known('P2003'), 'updateMany'],
    ['a bulk write', known('P2003'), 'deleteMany'],
    ['the database refused a raw statement', known('P2002'), '$executeRaw'],
    ['another extension threw', new Error('mine'), 'create'],
    [
      'another extension threw an error that looks like it',
      Object.assign(new Error('mine'), { code: 'P2002' }),
      'create',
    ],
    ['a code nobody knows', known('P9999'), 'create'],
  ])('%s', (_, error, operation) => {
    expect(changedNothing(error, operation, 'postgresql')).toBe(false)
  })

  it.each([undefined, null, 'a text', 0])('when %j was thrown', (error) => {
    expect(changedNothing(error, 'create', 'postgresql')).toBe(false)
  })
})

describe('a write that the database refused may have changed something', () => {
  it.each(['mysql', 'sqlserver', 'a database nobody knows'])('on %s, where some tables undo nothing', (provider) => {
    expect(changedNothing(known('P2002'), 'create', provider)).toBe(false)
    expect(changedNothing({ name: 'PrismaClientValidationError' }, 'create', provider)).toBe(true)
  })
})

describe('a transaction in which a statement failed', () => {
  it.each(['sqlite', 'postgresql', 'mysql'])(
    'is still open on %s when nothing was sent, or no row found',
    (provider) => {
      expect(leavesTransactionOpen({ name: 'PrismaClientValidationError' }, provider)).toBe(true)
      expect(leavesTransactionOpen(known('P2025'), provider)).toBe(true)
    },
  )

  it.each(['P2002', 'P2003', 'P2034'])('refuses every further one on PostgreSQL: %s', (code) => {
    expect(leavesTransactionOpen(known(code), 'postgresql')).toBe(true)
  })

  it.each<[string, unknown, string]>([
    ['sqlite', known('P2002'), 'ON CONFLICT ROLLBACK'],
    ['mysql', known('P2034'), 'a deadlock'],
    ['sqlserver', known('P2002'), 'XACT_ABORT'],
    ['postgresql', known('P2028'), 'a timeout'],
    ['postgresql', { name: 'PrismaClientUnknownRequestError' }, 'a lost connection'],
  ])('may have been ended by it on %s', (provider, error) => {
    expect(leavesTransactionOpen(error, provider)).toBe(false)
  })
})
