import { describe, expect, it } from 'vitest'
import { tagsAlone } from '../../../src/query/write-set.ts'
import { Outbox } from '../../../src/write/outbox.ts'

describe('tags wait for their transaction', () => {
  it('until it is closed, each once', () => {
    const outbox = new Outbox()
    outbox.open('a')
    expect(outbox.add('a', tagsAlone(['User', 'Post']))).toBe(true)
    expect(outbox.add('a', tagsAlone(['User']))).toBe(true)
    expect(outbox.close('a')?.writes.tags).toEqual(new Set(['User', 'Post']))
  })

  it('and for no other', () => {
    const outbox = new Outbox()
    outbox.open('a')
    outbox.open('b')
    outbox.add('a', tagsAlone(['User']))
    outbox.add('b', tagsAlone(['Post']))
    expect(outbox.close('b')?.writes.tags).toEqual(new Set(['Post']))
    expect(outbox.close('a')?.writes.tags).toEqual(new Set(['User']))
  })

  it('and for the outermost one of those inside each other, which share an id', () => {
    const outbox = new Outbox()
    outbox.open('a')
    outbox.add('a', tagsAlone(['User']))
    outbox.open('a')
    outbox.open('a')
    outbox.add('a', tagsAlone(['Post']))
    expect(outbox.close('a')).toBeUndefined()
    // After a savepoint as well: rolled back, it costs a miss.
    outbox.add('a', tagsAlone(['Tag']))
    expect(outbox.close('a')).toBeUndefined()
    expect(outbox.close('a')?.writes.tags).toEqual(new Set(['User', 'Post', 'Tag']))
  })

  it('that may have written nothing', () => {
    const outbox = new Outbox()
    outbox.open('a')
    expect(outbox.close('a')?.writes.tags).toEqual(new Set())
  })
})

describe('a transaction that is not open here', () => {
  it('takes no tags: nobody would tell when it commits', () => {
    const outbox = new Outbox()
    expect(outbox.add('a', tagsAlone(['User']))).toBe(false)
    expect(outbox.close('a')).toBeUndefined()
  })

  it('is one that was closed, and leaves nothing behind', () => {
    const outbox = new Outbox()
    outbox.open('a')
    outbox.add('a', tagsAlone(['User']))
    outbox.close('a')
    expect(outbox.add('a', tagsAlone(['Post']))).toBe(false)
    outbox.open('a')
    expect(outbox.close('a')?.writes.tags).toEqual(new Set())
  })
})

describe('a transaction is in doubt', () => {
  const opened = () => {
    const outbox = new Outbox()
    outbox.open('a')
    return outbox
  }

  it('never by itself, nor by a rollback to a savepoint', () => {
    const outbox = opened()
    outbox.ending('a', outbox.open('a'))
    outbox.close('a')
    outbox.open('a')
    outbox.close('a')
    outbox.ending('a', 1)
    expect(outbox.doubtful('a')).toBeUndefined()
    expect(outbox.close('a')).toMatchObject({ inDoubt: false })
  })

  it('from when it was put there, and shows what it gathered', () => {
    const outbox = opened()
    outbox.add('a', tagsAlone(['User']))
    outbox.doubt('a')
    expect(outbox.doubtful('a')?.tags).toEqual(new Set(['User']))
    expect(outbox.close('a')).toMatchObject({ inDoubt: true })
  })

  it('when it is rolled back while one inside it is open', () => {
    const outbox = opened()
    outbox.open('a')
    outbox.ending('a', 1)
    outbox.close('a')
    expect(outbox.close('a')).toMatchObject({ inDoubt: true })
  })

  it('when one begins inside it while it is rolled back', () => {
    const outbox = opened()
    outbox.ending('a', 1)
    outbox.open('a')
    outbox.close('a')
    expect(outbox.close('a')).toMatchObject({ inDoubt: true })
  })
})
