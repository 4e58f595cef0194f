import { expect, it } from 'vitest'
import { BoundedLabel, MAX_VALUES } from '../../../src/metrics/labels.ts'

it('a label has so many values and no more: those that came first', () => {
  const label = new BoundedLabel()
  const names = Array.from({ length: MAX_VALUES + 50 }, (_, i) => `Model${i}`)
  const seen = new Set(names.map((name) => label.of(name)))
  expect(seen.size).toBe(MAX_VALUES + 1)
  expect(label.of('Model0')).toBe('Model0')
  expect(label.of(`Model${MAX_VALUES}`)).toBe('other')
})

it('what has no value has one that says so', () => {
  expect(new BoundedLabel().of(undefined)).toBe('none')
})
