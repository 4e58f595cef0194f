import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { check, type Kind, type Rules, type Verdict } from './check.ts'
import type { Effect, Line, Outcome, Seen } from './history.ts'

/** One process after the other: `seed`, then the one that writes, then readers. */
const SEED: Line[] = [
  [
    'write',
    1,
    -2,
    [
      ['row', 0, 'seed'],
      ['toggle', 0, 'off'],
    ],
    [['sum', 0]],
    false,
  ],
  ['end', 1, -1, 'ok', []],
]

const write = (unit: number, from: number, to: number, effects: Effect[], outcome: Outcome = 'ok'): Line[] => [
  ['write', unit, from, effects, [['sum', 1]], false],
  ['end', unit, to, outcome, []],
]
const saw = (seen: Partial<Seen>): Seen => ({ states: [], counters: [], torn: [], ...seen })
const read = (from: number, to: number, ...states: Effect[]): Line => ['read', from, to, 'read', 0, saw({ states })]
const count = (from: number, to: number, value: number): Line => [
  'read',
  from,
  to,
  'count',
  0,
  saw({ counters: [['sum', value]] }),
]

const judge = (rules: Rules, ...processes: Line[][]) => check([SEED, ...processes], rules)
const byDefault = (...processes: Line[][]) => judge({ strict: false }, ...processes)
const strictly = (...processes: Line[][]) => judge({ strict: true }, ...processes)
const kinds = ({ violations }: Verdict) =>
  (Object.keys(violations) as Kind[]).flatMap((kind) => Array.from({ length: violations[kind] }, () => kind))

const v1: Effect = ['row', 1, 'one']
const v2: Effect = ['row', 2, 'two']

describe('a read', () => {
  it('that shows an acknowledged write is right', () => {
    const verdict = strictly(write(2, 10, 20, [v1]), [read(30, 40, v1)])
    expect(kinds(verdict)).toEqual([])
    expect(verdict).toMatchObject({ reads: 1, writes: 2, unknown: 0, aborted: 0, unacknowledged: 0 })
  })

  it('begun after the acknowledgement is stale when it shows the state before', () => {
    expect(kinds(byDefault(write(2, 10, 20, [v1]), [read(21, 30, ['row', 0, 'seed'])]))).toEqual(['stale'])
  })

  it.each([
    [15, 'during the write'],
    [20, 'at its very end'],
  ])('begun at %i, %s, may show either', (start) => {
    expect(kinds(strictly(write(2, 10, 20, [v1]), [read(start, 30, ['row', 0, 'seed'])]))).toEqual([])
    expect(kinds(strictly(write(2, 10, 20, [v1]), [read(start, 30, v1)]))).toEqual([])
  })

  it('is stale beside a write whose version is told by another reader', () => {
    const untold: Effect = ['row', null, 'one']
    const history = [write(2, 10, 20, [untold]), [read(30, 40, ['row', 0, 'seed'])]]
    expect(kinds(byDefault(...history, [read(50, 60, v1)]))).toEqual(['stale'])
    expect(kinds(byDefault(...history))).toEqual(['stale'])
  })

  it('is stale beside the newest of several acknowledged writes', () => {
    const history = [...write(2, 10, 20, [v1]), ...write(3, 30, 40, [v2])]
    expect(kinds(byDefault(history, [read(50, 60, v1)]))).toEqual(['stale'])
    expect(kinds(byDefault(history, [read(35, 60, v1)]))).toEqual([])
  })

  it('that contradicts itself is torn', () => {
    expect(kinds(byDefault([['read', 1, 2, 'sum', 0, saw({ torn: ['399 of 400'] })]]))).toEqual(['torn'])
  })
})

describe('what is not committed', () => {
  it.each(['aborted', 'unknown'] as const)('outcome %s', (outcome) => {
    const history = [write(2, 10, 20, [v1], outcome), [read(30, 40, v1), read(50, 60, ['row', 0, 'seed'])]]
    expect(kinds(byDefault(...history))).toEqual(outcome === 'aborted' ? ['dirty'] : [])
    expect(kinds(strictly(...history))).toEqual(outcome === 'aborted' ? ['dirty'] : ['backwards'])
  })

  it('is a value nobody wrote', () => {
    expect(kinds(byDefault([read(1, 2, ['row', 1, 'what'])]))).toEqual(['dirty'])
  })

  it('is a value under a version that is another’s', () => {
    expect(kinds(byDefault(write(2, 10, 20, [v1]), [read(30, 40, ['row', 2, 'one'])]))).toEqual(['dirty'])
  })

  const transaction = (commit: number | undefined, end?: number): Line[] => [
    ['write', 2, 10, [v1], [['sum', 1]], true],
    ...(commit === undefined ? [] : [['commit', 2, commit] as const]),
    ...(end === undefined ? [] : [['end', 2, end, 'ok', []] as const]),
  ]

  it('is what a transaction wrote, until it asks for its commit', () => {
    expect(kinds(byDefault(transaction(50, 60), [read(20, 30, v1)]))).toEqual(['dirty'])
    expect(kinds(byDefault(transaction(50, 60), [read(20, 51, v1)]))).toEqual([])
    expect(kinds(byDefault(transaction(50), [read(20, 51, v1)]))).toEqual([])
  })

  it('is all that a transaction wrote which never asked for it', () => {
    expect(kinds(byDefault(transaction(undefined), [read(90, 99, v1)]))).toEqual(['dirty'])
    expect(kinds(byDefault(transaction(undefined), [count(90, 99, 1)]))).toEqual(['dirty'])
  })

  it('is the first of two writes to a row in one transaction', () => {
    const twice: Line[] = [
      ['write', 2, 10, [v1], [], true],
      ['write', 2, 20, [v2], [], true],
      ['commit', 2, 30],
      ['end', 2, 40, 'ok', []],
    ]
    expect(kinds(byDefault(twice, [read(35, 40, v1)]))).toEqual(['dirty'])
    expect(kinds(byDefault(twice, [read(35, 40, v2)]))).toEqual([])
  })
})

describe('a transaction', () => {
  const wrote: Line = ['write', 2, 10, [v1], [], true]
  const inside = (value: string): Line => ['read', 11, 12, 'inside', 2, saw({ states: [['row', null, value]] })]

  it('sees its own write, which is no news to others', () => {
    expect(kinds(strictly([wrote, inside('one')], [read(20, 30, ['row', 0, 'seed'])]))).toEqual([])
  })

  it('that does not see it is torn', () => {
    expect(kinds(byDefault([wrote, inside('seed')]))).toEqual(['torn'])
  })

  it('that reads a snapshot owes what was certain before it began, and its own write', () => {
    const reading = (unit: number, since: number, value: string): Line => [
      'read',
      50,
      60,
      'inside',
      unit,
      saw({ states: [['row', null, value]] }),
      since,
    ]
    const writer = write(2, 10, 20, [v1])
    expect(kinds(strictly(writer, [read(30, 40, v1), reading(9, 15, 'seed')]))).toEqual([])
    expect(kinds(strictly(writer, [reading(9, 21, 'seed')]))).toEqual(['stale'])
    const own: Line = ['write', 3, 45, [v2], [], true]
    expect(kinds(strictly(writer, [own, reading(3, 15, 'one')]))).toEqual(['torn'])
  })
})

describe('the order of reads', () => {
  const late = write(2, 10, 100, [v1])
  const crashed: Line[] = [['write', 2, 10, [v1], [], false]]

  it.each([
    ['acknowledged later', late],
    ['never acknowledged', crashed],
  ])('beside a write %s is promised in strict mode alone', (_, writer) => {
    const mine: Line[] = [read(20, 30, v1), read(40, 50, ['row', 0, 'seed'])]
    expect(kinds(strictly(writer, mine))).toEqual(['backwards'])
    expect(kinds(strictly(writer, mine.slice(0, 1), mine.slice(1)))).toEqual(['nonlinear'])
    const verdict = byDefault(writer, mine)
    expect(kinds(verdict)).toEqual([])
    expect(verdict.unacknowledged).toBe(1)
  })

  it('is owed after a while in every mode', () => {
    const [first, second] = [read(20, 30, v1), read(9e6, 9e6 + 1, ['row', 0, 'seed'])]
    expect(kinds(judge({ strict: false, toleratedMs: 8 }, crashed, [first], [second]))).toEqual(['overdue'])
    expect(kinds(judge({ strict: false, toleratedMs: 10 }, crashed, [first], [second]))).toEqual([])
  })

  it('of reads that overlap is free', () => {
    expect(kinds(strictly(late, [read(20, 30, v1), read(29, 50, ['row', 0, 'seed'])]))).toEqual([])
  })
})

describe('an invalidation that its process had to keep', () => {
  const history: Line[] = [...write(2, 10, 20, [v1], 'kept'), ['delivered', 50]]
  const past: Effect = ['row', 0, 'seed']

  it.each([{ missed: read(30, 60, past) }, { missed: count(30, 60, 0) }])(
    'is missed by others until it is delivered',
    ({ missed }) => {
      expect(kinds(strictly(history, [missed]))).toEqual(['stale'])
      const verdict = byDefault(history, [missed])
      expect(kinds(verdict)).toEqual([])
      expect(verdict.undelivered).toBe(1)
    },
  )

  it('is not missed by its own process', () => {
    expect(kinds(byDefault([...history, read(30, 60, past)]))).toEqual(['stale'])
  })

  it.each([{ missed: read(51, 60, past) }, { missed: count(51, 60, 0) }])(
    'is not missed once it is delivered',
    ({ missed }) => {
      expect(kinds(byDefault(history, [missed]))).toEqual(['stale'])
    },
  )

  it('may not wait for ever', () => {
    const late = read(9e6, 9e6 + 1, past)
    expect(kinds(judge({ strict: false, toleratedMs: 8 }, history.slice(0, 2), [late]))).toEqual(['overdue'])
    expect(kinds(judge({ strict: false, toleratedMs: 10 }, history.slice(0, 2), [late]))).toEqual([])
  })
})

describe('a value that comes again', () => {
  const history = [
    ...write(2, 10, 20, [['toggle', 1, 'on']]),
    ...write(3, 30, 40, [['toggle', 2, 'off']]),
    ...write(4, 50, 60, [['toggle', 3, 'on']]),
  ]

  it('is taken for the newest it can be', () => {
    expect(kinds(strictly(history, [read(42, 55, ['toggle', null, 'on'])]))).toEqual([])
    expect(kinds(byDefault(history, [read(42, 45, ['toggle', null, 'on'])]))).toEqual(['stale'])
    expect(kinds(byDefault(history, [read(70, 80, ['toggle', null, 'off'])]))).toEqual(['stale'])
  })

  it('proves no more than the oldest it can be', () => {
    const reads = [read(15, 18, ['toggle', null, 'on']), read(22, 52, ['toggle', null, 'on'])]
    expect(kinds(strictly(history, [...reads, read(53, 54, ['toggle', null, 'off'])]))).toEqual([])
    const sure = read(45, 54, ['toggle', null, 'on'])
    expect(kinds(strictly(history, [sure, read(55, 58, ['toggle', null, 'off'])]))).toEqual(['backwards'])
  })
})

describe('a place whose versions are those of its row', () => {
  const moved = (stamp: string, is: string): Effect[] => [
    ['row', null, stamp],
    ['place', null, is, 'row'],
  ]
  const seed: Line[] = [
    ['write', 9, -2, [['place', 0, 'in']], [], false],
    ['end', 9, -1, 'ok', []],
  ]
  const place = (from: number, to: number, is: string) => read(from, to, ['place', null, is])
  const told = (unit: number, at: number, version: number): Line => ['end', unit, at, 'ok', [['row', version]]]
  /** Two at once; the one that begins first is the last to commit. */
  const crossing: Line[][] = [
    [['write', 2, 10, moved('one', 'in'), [], false], told(2, 40, 2)],
    [['write', 3, 20, moved('two', 'out'), [], false], told(3, 30, 1)],
  ]

  it('is stale when an acknowledged write had moved the row', () => {
    const away: Line[] = [['write', 2, 10, moved('one', 'out'), [], false], told(2, 20, 1)]
    expect(kinds(byDefault(seed, away, [place(21, 30, 'in')]))).toEqual(['stale'])
    expect(kinds(byDefault(seed, away, [place(15, 30, 'in')]))).toEqual([])
    expect(kinds(byDefault(seed, away, [place(21, 30, 'out')]))).toEqual([])
  })

  it('goes by the order of commits where writes cross', () => {
    expect(kinds(strictly(seed, ...crossing, [place(50, 60, 'in')]))).toEqual([])
    expect(kinds(byDefault(seed, ...crossing, [place(50, 60, 'out')]))).toEqual(['stale'])
    expect(kinds(byDefault(seed, ...crossing, [place(31, 60, 'out')]))).toEqual([])
    // The second `in` was not before the `out`, and that had not begun: this is the first.
    expect(kinds(strictly(seed, ...crossing, [place(12, 19, 'in'), place(32, 34, 'out')]))).toEqual([])
  })

  it('is not there before what was there earlier', () => {
    const away: Line[][] = [
      [['write', 2, 10, moved('one', 'out'), [], false], told(2, 40, 2)],
      [['write', 3, 20, moved('two', 'out'), [], false], told(3, 30, 1)],
    ]
    expect(kinds(byDefault(seed, ...away, [place(12, 21, 'out')]))).toEqual([])
    expect(kinds(byDefault(seed, ...away, [place(12, 19, 'out')]))).toEqual(['dirty'])
  })

  it('has its version from readers of the row where the writer was not told', () => {
    const untold = write(2, 10, 20, moved('one', 'out'))
    const history = [seed, untold, [place(25, 30, 'in')]]
    expect(kinds(byDefault(...history, [read(40, 50, v1)]))).toEqual(['stale'])
  })

  it('proves nothing while a write that may be it has no version', () => {
    const unseen = write(4, 60, 70, moved('three', 'out'))
    expect(kinds(byDefault(seed, ...crossing, unseen, [place(80, 90, 'out')]))).toEqual([])
    expect(kinds(byDefault(seed, ...crossing, unseen, [place(50, 59, 'out')]))).toEqual(['stale'])
  })
})

describe('a counter', () => {
  const writes = [...write(2, 10, 20, [v1]), ...write(3, 30, 100, [v2])]

  it('holds all that was acknowledged, and no more than was begun', () => {
    expect(kinds(byDefault(writes, [count(21, 25, 0)]))).toEqual(['stale'])
    expect(kinds(byDefault(writes, [count(21, 25, 1)]))).toEqual([])
    expect(kinds(byDefault(writes, [count(21, 25, 2)]))).toEqual(['dirty'])
    expect(kinds(byDefault(writes, [count(21, 35, 2)]))).toEqual([])
  })

  it('does not go back', () => {
    expect(kinds(strictly(writes, [count(40, 50, 2), count(60, 70, 1)]))).toEqual(['backwards'])
    expect(byDefault(writes, [count(40, 50, 2), count(60, 70, 1)]).unacknowledged).toBe(1)
  })
})

it('a million operations are judged in time that grows with their number', () => {
  const rows = 50
  const history: Line[] = []
  const readers: Line[] = []
  const seeded = Array.from({ length: rows }, (_, row): Effect => [`row ${row}`, 0, 'seed'])
  history.push(['write', 9, -2, seeded, [], false], ['end', 9, -1, 'ok', []])
  for (let i = 1; i <= 200_000; i += 1) {
    const state: Effect = [`row ${i % rows}`, Math.ceil(i / rows), `${i}`]
    history.push(...write(100 + i, 10 * i, 10 * i + 5, [state]))
    for (let reader = 0; reader < 4; reader += 1) readers.push(read(10 * i + 6, 10 * i + 9, state, state, state))
  }
  const judgeAll = () => strictly(history, readers)
  // What grows with the square of it takes hours, and no other limit ends what does not wait.
  const verdict = runInNewContext('judgeAll()', { judgeAll }, { timeout: 120_000 }) as ReturnType<typeof judgeAll>
  expect(verdict.reads + verdict.writes).toBeGreaterThan(1_000_000)
  expect(kinds(verdict)).toEqual([])
})
