import { expect, it } from 'vitest'
import {
  everyShapeTag,
  modelOf,
  modelTag,
  rowTag,
  unknownCreatedTag,
  unknownRowsTag,
  userTag,
  wholeModel,
} from '../../../src/tags/tag.ts'

it('spells each kind of tag one way', () => {
  expect(modelTag('User')).toBe('User')
  expect(unknownRowsTag('User')).toBe('User:*')
  expect(unknownCreatedTag('User')).toBe('User:+')
  expect(everyShapeTag('User')).toBe('User?*')
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
  for (const name of ['User', 'User:*', 'User:id=1', 'User?*']) expect(userTag(name)).not.toBe(name)
})

it('moves a model, the rows nobody can name and all shapes for any row of the model', () => {
  expect(wholeModel('User')).toEqual(['User', 'User:*', 'User:+', 'User?*'])
})

it.each<[string, string | undefined]>([
  ['User', 'User'],
  ['User:*', 'User'],
  ['User:+', 'User'],
  ['User:email=a?b', 'User'],
  ['User?*', 'User'],
  ['User?email=a:b&a1b2c3d4', 'User'],
  ['#User', undefined],
  ['#User:id=1', undefined],
])('knows the model of %s: %s', (tag, model) => {
  expect(modelOf(tag)).toBe(model)
})
