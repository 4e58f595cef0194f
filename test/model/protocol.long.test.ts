import { describe, expect, it } from 'vitest'
import { type Explored, explore } from './explore.ts'
import { protocol } from './protocol.ts'
import type { Guard, Setup, Writer } from './setup.ts'

/** The tables of docs/protocol.md. Two readers without end, two writes; Redis may lose an entry or a free tag any time. */
const byDefault: Writer = { mode: 'default' }
const strict: Writer = { mode: 'strict' }
const twoDefault = [byDefault, byDefault]
const twoStrict = [strict, strict]
const mixed = [strict, byDefault]

describe('the promises hold in every state', () => {
  const promises: Record<string, Setup> = {
    'default mode': { promised: 'settled', writers: twoDefault, unknownOutcomes: true },
    'default mode, acknowledged writes, both writers killed': {
      promised: 'acknowledged',
      writers: twoDefault,
      crashes: 2,
    },
    'default mode, look-ups in two steps': { promised: 'acknowledged', writers: twoDefault, splitLookUps: true },
    'default mode, two rows': {
      promised: 'acknowledged',
      writers: [byDefault, { ...byDefault, rows: [0, 1] }],
      rows: 2,
    },
    'strict mode, both writers killed': {
      promised: 'committed',
      writers: twoStrict,
      crashes: 2,
      unknownOutcomes: true,
    },
    'strict mode beside default mode, both killed': { promised: 'committed', writers: mixed, crashes: 2 },
    'strict mode, look-ups in two steps': { promised: 'committed', writers: [strict], crashes: 1, splitLookUps: true },
    'strict mode, two rows': {
      promised: 'committed',
      writers: [
        { ...strict, rows: [1] },
        { ...strict, rows: [0, 1] },
      ],
      rows: 2,
    },
    'strict mode, a hold lost and one run out early, nobody killed': {
      promised: 'settled',
      writers: twoStrict,
      lostHolds: 1,
      earlyLapses: 1,
    },
    'strict mode, acknowledged writes, a hold lost and a writer killed': {
      promised: 'acknowledged',
      writers: mixed,
      lostHolds: 1,
      crashes: 1,
    },
    'strict mode, acknowledged writes, a hold run out early and a writer killed': {
      promised: 'acknowledged',
      writers: mixed,
      earlyLapses: 1,
      crashes: 1,
    },
    'replicas that lag, default mode': { promised: 'acknowledged', writers: twoDefault, replicas: true },
    'replicas that lag, strict mode beside default mode': { promised: 'acknowledged', writers: mixed, replicas: true },
  }

  it.each(Object.entries(promises))('%s', (_, setup) => {
    const { violation, states } = explore(protocol(setup))
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(5000)
  })
})

describe('what is outside is found', () => {
  const outside: Record<string, Setup & { readonly needs: readonly string[] }> = {
    'default mode, between a commit and its acknowledgement: two readers may disagree': {
      promised: 'linear',
      writers: twoDefault,
      needs: ['commits'],
    },
    'default mode, killed between commit and bump: old until the ttl': {
      promised: 'settled',
      writers: twoDefault,
      crashes: 1,
      needs: ['commits', 'is killed'],
    },
    'strict mode, Redis loses a hold: two readers may disagree until the release': {
      promised: 'linear',
      writers: twoStrict,
      lostHolds: 1,
      needs: ['loses', 'commits'],
    },
    'strict mode, a hold runs out before a slow writer commits: the same': {
      promised: 'linear',
      writers: twoStrict,
      earlyLapses: 1,
      needs: ['runs out early', 'commits'],
    },
    'strict mode, Redis loses a hold and its writer is killed: old until the ttl': {
      promised: 'settled',
      writers: twoStrict,
      lostHolds: 1,
      crashes: 1,
      needs: ['loses', 'is killed', 'commits'],
    },
    'strict mode, a hold runs out before the commit and its writer is killed: old until the ttl': {
      promised: 'settled',
      writers: twoStrict,
      earlyLapses: 1,
      crashes: 1,
      needs: ['runs out early', 'is killed', 'commits'],
    },
    'replicas that lag, Redis loses the hold a bump left: old until the ttl': {
      promised: 'acknowledged',
      writers: twoDefault,
      replicas: true,
      lostHolds: 1,
      needs: ['bumps', 'loses', 'asks the database: 0'],
    },
  }

  it.each(Object.entries(outside))('%s', (_, { needs, ...setup }) => {
    const { violation } = explore(protocol({ ...setup, apart: true }))
    expect(violation?.breaks).toMatch(/showed 0, had to show 1/)
    for (const step of needs) expect(violation?.trace.join('\n')).toContain(step)
  })
})

describe('each guard is needed', () => {
  const defaults: Setup = { promised: 'acknowledged', writers: twoDefault, apart: true }
  const stricts: Setup = { promised: 'committed', writers: twoStrict, crashes: 1, apart: true }
  const mixes: Setup = { promised: 'committed', writers: mixed, apart: true }
  const replicas: Setup = { ...defaults, replicas: true }
  const guards: Record<Guard, Setup> = {
    'versions are read before the database': defaults,
    'a flight is named by its versions too': { ...defaults, apart: false },
    'every tag is compared': { ...defaults, writers: [byDefault, { ...byDefault, rows: [1] }], rows: 2 },
    'an absent tag is a changed tag': defaults,
    'versions never return': defaults,
    'reads inside a transaction are not stored': defaults,
    'a bump comes after the commit': defaults,
    'a bump comes before the acknowledgement': defaults,
    'an unknown outcome moves the tags': { ...defaults, promised: 'settled', unknownOutcomes: true },
    'a new version only where there is none': stricts,
    'a held tag is not served': stricts,
    'a hold comes before the commit': stricts,
    'a hold is put on absent tags too': stricts,
    'a release leaves the holds of others': stricts,
    'a hold that is dropped moves the version': stricts,
    'a hold that runs out moves the version': stricts,
    'a bump leaves the holds of others': mixes,
    'a bump keeps them in one step': mixes,
    'a lagging replica leaves a hold behind': replicas,
    'that hold is put on absent tags too': replicas,
    // Stored under a held tag it would be dead when the hold ends: what must not be is a query joined meanwhile.
    'nothing is shared or stored under a held tag': { ...replicas, apart: false },
  }

  it.each(Object.entries(guards) as [Guard, Setup][])('%s', (without, setup) => {
    expect(whole(setup).violation).toBeUndefined()
    expect(explore(protocol({ ...setup, without })).violation?.breaks).toMatch(/^(R\d )?showed /)
  })

  const explored = new Map<Setup, Explored>()
  /** The same with every guard in place, searched once for all that share it. */
  function whole(setup: Setup): Explored {
    let found = explored.get(setup)
    if (!found) explored.set(setup, (found = explore(protocol(setup))))
    return found
  }
})
