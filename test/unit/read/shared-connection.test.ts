import { describe, expect, it } from 'vitest'
import { SharedConnection } from '../../../src/read/shared-connection.ts'

describe('on a connection that everybody shares, a read saw committed rows only', () => {
  it('when nothing was open while it ran', () => {
    const connection = new SharedConnection('sqlite')
    const ticket = connection.ticket()
    expect(connection.onlyCommitted(ticket)).toBe(true)
    connection.begin()()
    const later = connection.ticket()
    expect(connection.onlyCommitted(later)).toBe(true)
  })

  it('not when a transaction was open as it began', () => {
    const connection = new SharedConnection('sqlite')
    const end = connection.begin()
    const ticket = connection.ticket()
    end()
    expect(connection.onlyCommitted(ticket)).toBe(false)
  })

  it('not when one began meanwhile, ended or not', () => {
    for (const ends of [true, false]) {
      const connection = new SharedConnection('sqlite')
      const ticket = connection.ticket()
      const end = connection.begin()
      if (ends) end()
      expect(connection.onlyCommitted(ticket)).toBe(false)
    }
  })

  it('not until the last of several has ended', () => {
    const connection = new SharedConnection('sqlite')
    const [first, second] = [connection.begin(), connection.begin()]
    first()
    expect(connection.onlyCommitted(connection.ticket())).toBe(false)
    second()
    expect(connection.onlyCommitted(connection.ticket())).toBe(true)
  })
})

it('a database that isolates connections is not asked', () => {
  const connection = new SharedConnection('postgresql')
  connection.begin()
  expect(connection.onlyCommitted(connection.ticket())).toBe(true)
})
