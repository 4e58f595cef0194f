import { describe, expect, it } from 'vitest'
import { explore } from '../explore.ts'
import { clocks } from './clocks.ts'
import type { Guard, Setup, Writer } from './setup.ts'

/**
 * The protocol in use: a clock for each model. `record.ts` reads as the scripts of the store, and is their specification.
 */
const value: Writer = { mode: 'default', changes: 'value' }
const told: Writer = { mode: 'default', changes: 'told' }
const other: Writer = { mode: 'default', changes: 'other' }
const intent: Writer = { mode: 'intent', changes: 'value' }
const strict: Writer = { mode: 'strict', changes: 'value' }
const strictTold: Writer = { mode: 'strict', changes: 'told' }
const soft: Writer = { mode: 'soft', changes: 'value' }

const acknowledged = 'acknowledged'
const plain: Setup = { promised: acknowledged, writers: [value, told], readers: [2], losses: 1 }
const apart: Setup = { promised: acknowledged, writers: [value], readers: [1, 1], losses: 1 }
const doubting: Setup = { promised: acknowledged, writers: [value, told], readers: [2], unknownOutcomes: true }
const retiring: Setup = { promised: acknowledged, writers: [value], readers: [2, 1], losses: 1, retires: true }
const sharing: Setup = { promised: acknowledged, writers: [value, told], readers: [1, 1], shares: true }
const stepping: Setup = { promised: acknowledged, writers: [told], readers: [1, 1], losses: 1, inTwoSteps: true }
const failing: Setup = { promised: acknowledged, writers: [value, told], readers: [2], failsOver: true }
const wrapping: Setup = { promised: acknowledged, writers: [value, told], readers: [2], maxClock: 2 }
const growing: Setup = { promised: acknowledged, writers: [value, told], readers: [2], slots: 2, grows: true }
const intending: Setup = { promised: 'bounded', writers: [intent, intent], readers: [2], crashes: 2 }
const locking: Setup = { promised: 'committed', writers: [strict, strictTold], readers: [2], crashes: 1, losses: 1 }
const lockBounded: Setup = { promised: 'bounded', writers: [strict, strictTold], readers: [2], crashes: 2 }
const pushing: Setup = { promised: acknowledged, writers: [told, other], readers: [2], pushes: true, lostMessages: 2 }
const softening: Setup = { promised: 'bounded', writers: [soft, soft, value], readers: [2] }

describe('clocks keep the promises in every state', () => {
  const promises: Record<string, Setup> = {
    'acknowledged writes, whatever the store loses': plain,
    'acknowledged writes, two readers': apart,
    'acknowledged writes whose outcome may be unknown': doubting,
    'a registry that gives shapes up': retiring,
    'readers that share a query': sharing,
    'tags told by the result, asked for in a second step': stepping,
    'a replica that lags and takes over': failing,
    'clocks that wrap': wrapping,
    'slots that are shared by tags, and double': growing,
    'intents: a killed writer is seen once its intent has run out': intending,
    'locks: a strict commit is seen at once': locking,
    'locks: a killed writer is seen once its lock has run out': lockBounded,
    'copies kept current by a push that loses messages': pushing,
    'soft bumps end with their grace': softening,
  }

  it.each(Object.entries(promises))('%s', (_, setup) => {
    const { violation, states } = explore(clocks(setup))
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(1000)
  })
})

describe('what clocks do not promise is found', () => {
  const outside: Record<string, Setup & { readonly needs: readonly string[] }> = {
    'a writer killed without an intent': { ...intending, writers: [value], needs: ['commits', 'is killed'] },
    'a writer killed whose intent the store lost': {
      ...intending,
      losses: 1,
      losesMarks: true,
      needs: ['loses', 'commits', 'is killed'],
    },
    'a writer killed whose intent ran out before it committed': {
      ...intending,
      earlyEnds: 1,
      needs: ['runs out', 'commits', 'is killed'],
    },
    'a strict writer whose lock the store lost': { ...locking, losesMarks: true, needs: ['loses', 'commits'] },
    'a strict writer whose lock ran out before it committed': {
      ...locking,
      earlyEnds: 1,
      needs: ['runs out', 'commits'],
    },
  }

  it.each(Object.entries(outside))('%s', (_, { needs, ...setup }) => {
    const { violation } = explore(clocks(setup))
    expect(violation?.breaks).toMatch(/showed 0, had to show 1/)
    for (const step of needs) expect(violation?.trace.join('\n')).toContain(step)
  })
})

describe('each guard of the clocks is needed', () => {
  const guards: Record<Guard, Setup> = {
    'the clock is seen before the database is asked': plain,
    'epochs are compared': plain,
    'the floor is compared': intending,
    'tags told by the result are compared': plain,
    'the second step judges epoch and floor again': stepping,
    'a bump comes after the commit': plain,
    'a bump comes before the acknowledgement': plain,
    'an unknown outcome bumps': doubting,
    'a shape is registered before the database is asked': plain,
    'the registry is compared with the bump': plain,
    'a remembered registration needs the epoch': retiring,
    'a remembered registration needs the wildcard': retiring,
    'a flight is named by the clocks of its tags': sharing,
    'a missing side key takes a new epoch': plain,
    'a clock that wraps takes a new epoch': wrapping,
    'growth copies the slots': growing,
    'a server that changed loses its records': failing,
    'a locked tag is not served': locking,
    'a lock comes before the commit': locking,
    'a lock creates the record': locking,
    'a bump leaves the locks of others': locking,
    'a lock that runs out bumps': lockBounded,
    'an intent comes before the commit': intending,
    'an intent creates the record': intending,
    'an intent is kept by its holder': intending,
    'an intent that runs out raises the floor': intending,
    'an intent outlives a bump that missed shapes': intending,
    'a gap in the push is noticed': pushing,
    'a heartbeat carries the clock': pushing,
    'a soft bump leaves the hard clock': softening,
    'a second soft bump gives no longer grace': softening,
    'a grace that ends bumps': softening,
  }

  it.each(Object.entries(guards) as [Guard, Setup][])('%s', (without, setup) => {
    expect(explore(clocks({ ...setup, without })).violation?.breaks).toMatch(/^R\d showed /)
  })
})
