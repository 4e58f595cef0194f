import { expect, it } from 'vitest'
import { modelTag, rowTag, unknownRowsTag, userTag, wholeModel } from '../../../src/tags/tag.ts'

it('spells each kind of tag one way', () => {
  expect(modelTag('User')).toBe('User')
  expect(unknownRowsTag('User')).toBe('User:*')
  expect(rowTag('User', [['id', '1']])).toBe('User:id=1')
  expect(
    rowTag('Post', [
      ['authorId', '1'],
      ['title', 'x'],
    ]),
  ).toBe('Post:authorId=1&title=x')
  expect(userTag('active_users')).toBe('#active_users')
})

it('keeps the application’s tags apart from ours', () => {
  for (const name of ['User', 'User:*', 'User:id=1']) expect(userTag(name)).not.toBe(name)
})

it('moves a model and the rows nobody can name for any row of the model', () => {
  expect(wholeModel('User')).toEqual(['User', 'User:*'])
})
