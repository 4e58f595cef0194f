import { describe, expect, it } from 'vitest'
import { bytes, many, moment, ms, short, span, trimmed } from '../../../../src/admin/page/format.ts'

describe('figures of the dashboard', () => {
  it.each([
    [6.4, '6.4 ms'],
    [0.4, '0.4 ms'],
    [16_000, '16 s'],
    [81_000, '81 s'],
    [16_400, '16.4 s'],
    [900_000, '15 min'],
    [930_000, '15.5 min'],
    [7_200_000, '2 h'],
    [200_000_000, '2.3 d'],
  ])('a span of %s ms is %s', (value, text) => {
    expect(span(value)).toBe(text)
  })

  it('count in words that fit the number', () => {
    expect([0, 1, 2, 1234].map((value) => many(value, 'invalidation'))).toEqual([
      '0 invalidations',
      '1 invalidation',
      '2 invalidations',
      '1,234 invalidations',
    ])
    expect([many(1, 'entry', 'entries'), many(7, 'entry', 'entries'), many(null, 'key')]).toEqual([
      '1 entry',
      '7 entries',
      '– keys',
    ])
  })

  it('lose no digit that says something', () => {
    expect(['10.0 ms', '0.10 ms', '100 ms', '10 k', '1,000', '0.05', '100 %'].map(trimmed)).toEqual([
      '10 ms',
      '0.1 ms',
      '100 ms',
      '10 k',
      '1,000',
      '0.05',
      '100 %',
    ])
    expect([bytes(64 * 1024 ** 2), bytes(1536), bytes(100), ms(0.05), short(20_000)]).toEqual([
      '64 MiB',
      '1.5 KiB',
      '100 B',
      '0.05 ms',
      '20.0 k',
    ])
  })

  it('name the day of what was not today', () => {
    const now = Date.now()
    expect(moment(now)).toMatch(/^\d\d:\d\d:\d\d$/)
    expect(moment(now - 48 * 3_600_000)).toMatch(/^\d{1,2} \w+, \d\d:\d\d:\d\d$/)
  })
})
