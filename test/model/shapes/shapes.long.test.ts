import { describe, expect, it } from 'vitest'
import { type Explored, explore } from '../explore.ts'
import type { Guard, Setup, Writer } from './setup.ts'
import { shapes } from './shapes.ts'

/** The tables of docs/protocol.md on shapes. Reads without end; Redis may lose the registry or a free tag any time. */
const byDefault: Writer = { mode: 'default' }
const strict: Writer = { mode: 'strict' }
/** These do not know the values, or not even which shapes. */
const blind: Writer = { mode: 'default', tells: 'change' }
const strictBlind: Writer = { mode: 'strict', tells: 'change' }
const raw: Writer = { mode: 'default', tells: 'nothing' }
const strictRaw: Writer = { mode: 'strict', tells: 'nothing' }
const oneRead = [{ shape: 0, process: 0 }]
const inOneProcess = [...oneRead, ...oneRead]
const derived = [{ shape: 0, process: 0, derives: true }]
const ofTwoShapes = [...oneRead, { shape: 1, process: 1 }]

const inSeveralSteps: Setup = { promised: 'committed', writers: [strict], reads: oneRead, splitLookUps: true }

const explored = new Map<Setup, Explored>()
/** With every guard in place, searched once for all that share it. */
function whole(setup: Setup): Explored {
  let found = explored.get(setup)
  if (!found) explored.set(setup, (found = explore(shapes(setup))))
  return found
}

describe('the promises hold in every state', () => {
  const promises: Record<string, Setup> = {
    'default mode': { promised: 'settled', writers: [byDefault, blind], reads: oneRead },
    'default mode, two processes that read and write': { promised: 'acknowledged', writers: [byDefault, blind] },
    'default mode, two writers of one process': {
      promised: 'acknowledged',
      writers: [
        { ...byDefault, process: 0 },
        { ...byDefault, process: 0 },
      ],
      reads: oneRead,
    },
    'default mode, a writer that cannot tell which shapes': {
      promised: 'acknowledged',
      writers: [byDefault, raw],
      reads: oneRead,
    },
    'default mode, reads of two shapes, room for one': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: ofTwoShapes,
      others: 0,
    },
    'default mode, three shapes, room for two': {
      promised: 'acknowledged',
      writers: [byDefault],
      room: 2,
      others: 2,
    },
    'default mode, a check failed and a writer cut off': {
      promised: 'acknowledged',
      writers: [byDefault],
      failedChecks: 1,
      cutOffs: 1,
    },
    'strict mode, both writers killed': {
      promised: 'committed',
      writers: [strict, strictBlind],
      reads: oneRead,
      crashes: 2,
    },
    'strict mode, two processes that read, the writer killed': { promised: 'committed', writers: [strict], crashes: 1 },
    'strict mode beside default mode, one killed': {
      promised: 'committed',
      writers: [strict, byDefault],
      reads: oneRead,
      crashes: 1,
    },
    'strict mode, a writer that cannot tell which shapes': {
      promised: 'committed',
      writers: [strictRaw],
      crashes: 1,
    },
    'strict mode, reads of two shapes, room for one': {
      promised: 'committed',
      writers: [strict],
      reads: ofTwoShapes,
      others: 0,
    },
    'strict mode, a check failed, a writer cut off and killed': {
      promised: 'committed',
      writers: [strict],
      failedChecks: 1,
      cutOffs: 1,
      crashes: 1,
    },
    'strict mode, look-ups in several steps': inSeveralSteps,
    'strict mode, holds not told, a check failed, the writer killed: acknowledged writes': {
      promised: 'acknowledged',
      writers: [strict],
      failedHolds: 1,
      failedChecks: 1,
      crashes: 1,
    },
    'strict mode, holds not told': {
      promised: 'settled',
      writers: [strict],
      failedHolds: 1,
    },
    'strict mode, what checks bring comes late': {
      promised: 'committed',
      writers: [strict],
      reads: oneRead,
      lateAnswers: true,
    },
    'default mode, what checks bring comes late': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: oneRead,
      lateAnswers: true,
    },
    'derived tags, default mode, two processes that read': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: [...derived, { shape: 0, process: 1, derives: true }],
    },
    'derived tags beside others, default mode': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: [...derived, { shape: 0, process: 1 }],
    },
    'derived tags, default mode, a check failed and a writer cut off': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: derived,
      failedChecks: 1,
      cutOffs: 1,
    },
    'derived tags, strict mode, the writer killed': {
      promised: 'committed',
      writers: [strict],
      reads: [...derived, { shape: 0, process: 1, derives: true }],
      crashes: 1,
    },
    'derived tags, strict beside default mode': {
      promised: 'committed',
      writers: [strict, byDefault],
      reads: derived,
    },
    'derived tags, strict mode, holds not told': {
      promised: 'acknowledged',
      writers: [strict],
      reads: derived,
      failedHolds: 1,
      crashes: 1,
      lostHolds: 1,
    },
    'derived tags, lagging replicas, default mode': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: derived,
      replicas: true,
      failedChecks: 1,
    },
    'derived tags, lagging replicas, strict mode': {
      promised: 'acknowledged',
      writers: [strict],
      reads: derived,
      replicas: true,
    },
    'strict mode, a hold lost and one run out early, nobody killed': {
      promised: 'settled',
      writers: [strict],
      reads: oneRead,
      lostHolds: 1,
      earlyLapses: 1,
    },
    'strict mode, acknowledged writes, a hold lost and a writer killed': {
      promised: 'acknowledged',
      writers: [strict, byDefault],
      reads: oneRead,
      lostHolds: 1,
      crashes: 1,
    },
    'replicas that lag, default mode': {
      promised: 'acknowledged',
      writers: [byDefault],
      replicas: true,
      failedChecks: 1,
    },
    'replicas that lag, strict mode': { promised: 'acknowledged', writers: [strict], replicas: true },
  }

  it.each(Object.entries(promises))('%s', (_, setup) => {
    const { violation, states } = whole(setup)
    expect(violation).toBeUndefined()
    expect(states).toBeGreaterThan(1000)
  })
})

describe('what is outside is found', () => {
  const outside: Record<string, Setup & { readonly needs: readonly string[] }> = {
    'default mode, killed between commit and bump: old until the ttl': {
      promised: 'settled',
      writers: [byDefault],
      crashes: 1,
      needs: ['commits', 'is killed'],
    },
    'strict mode, Redis loses the hold on COARSE: older than a commit until the release': {
      promised: 'committed',
      writers: [strict],
      lostHolds: 1,
      needs: ['loses COARSE', 'commits'],
    },
    'strict mode, Redis loses a hold and its writer is killed: old until the ttl': {
      promised: 'settled',
      writers: [strict],
      lostHolds: 1,
      crashes: 1,
      needs: ['loses COARSE', 'is killed'],
    },
    'strict mode, the hold could not be taken: older than a commit until the write is through': {
      promised: 'committed',
      writers: [strict],
      failedHolds: 1,
      needs: ['is not told', 'commits'],
    },
    'strict mode, the hold could not be taken and the writer is killed: old until the ttl': {
      promised: 'settled',
      writers: [strict],
      failedHolds: 1,
      crashes: 1,
      needs: ['is not told', 'commits', 'is killed'],
    },
    'replicas that lag, Redis loses the hold on the model: old until the ttl': {
      promised: 'acknowledged',
      writers: [byDefault],
      replicas: true,
      lostHolds: 1,
      needs: ['loses the model', 'registers shape 0', 'asks the database: 0'],
    },
  }

  it.each(Object.entries(outside))('%s', (_, { needs, ...setup }) => {
    const { violation } = explore(shapes({ ...setup, reads: oneRead }))
    expect(violation?.breaks).toMatch(/showed 0, had to show 1/)
    for (const step of needs) expect(violation?.trace.join('\n')).toContain(step)
  })
})

describe('each guard is needed', () => {
  const defaults: Setup = { promised: 'acknowledged', writers: [byDefault], reads: oneRead }
  const stricts: Setup = { promised: 'committed', writers: [strict], reads: oneRead }
  const cutOff: Setup = { ...defaults, cutOffs: 1 }
  const late: Setup = { ...stricts, lateAnswers: true }
  const replicas: Setup = { ...defaults, replicas: true }
  const derives: Setup = { ...defaults, reads: derived }
  const guards: Record<Guard, Setup> = {
    'a shape is registered before the database is asked': defaults,
    'WILDCARD gets its version in the step that registers': defaults,
    'COARSE gets its version in the step that registers': defaults,
    'a registration is remembered under the version of COARSE': defaults,
    'a registration is remembered under the version of WILDCARD': defaults,
    'a registry that is made anew moves COARSE': defaults,
    'a registry that a writer makes anew moves COARSE': defaults,
    'COARSE moves in the step that makes the registry': defaults,
    'a shape that gives way moves its WILDCARD': defaults,
    'WILDCARD moves in the step that retires': defaults,
    'the version of a registry never returns': defaults,
    'a writer checks its copy of the registry': defaults,
    'a check comes after the commit': defaults,
    'a check names the copy the tags came from': defaults,
    'shapes a check brings are moved too': defaults,
    'they are moved before the acknowledgement': defaults,
    'a check that failed moves COARSE': { ...defaults, failedChecks: 1 },
    'values that are not known move WILDCARD': { ...defaults, writers: [blind] },
    'what could not be delivered is not read around': cutOff,
    'what could not be delivered is delivered': cutOff,
    'COARSE is held before the commit': stricts,
    'COARSE is held until VALUE has moved': stricts,
    'a strict writer checks its copy before the commit': stricts,
    'that check comes after the holds': stricts,
    'it is checked again after the commit': { ...stricts, promised: 'acknowledged', failedHolds: 1 },
    'a copy that is not that of the hold moves COARSE': late,
    'it goes by the copy that was compared': late,
    'COARSE is looked up before VALUE': inSeveralSteps,
    'the model is held before the check': replicas,
    'nothing is registered while the model is held': replicas,
    'the model is compared': derives,
    'the model has a version before the database is asked': derives,
    'VALUE has a version before the model is compared': derives,
    'the model moves before VALUE': derives,
    'a model that is held has moved': { ...derives, replicas: true },
  }

  it.each(Object.entries(guards) as [Guard, Setup][])('%s', (without, setup) => {
    expect(whole(setup).violation).toBeUndefined()
    const { violation } = explore(shapes({ ...setup, without }))
    expect(violation?.breaks).toMatch(/ showed 0, had to show 1$/)
  })
})

describe('some are needed for more than one reason', () => {
  const more: Record<string, Setup> = {
    'strict mode: nothing is registered while the model is held': {
      promised: 'committed',
      writers: [strict],
      reads: oneRead,
      without: 'nothing is registered while the model is held',
    },
    'derived tags: a shape is registered before the database is asked': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: derived,
      without: 'a shape is registered before the database is asked',
    },
    'derived tags: a registration is remembered under the version of WILDCARD': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: derived,
      without: 'a registration is remembered under the version of WILDCARD',
    },
    'derived tags, strict mode: COARSE is held before the commit': {
      promised: 'committed',
      writers: [strict],
      reads: derived,
      without: 'COARSE is held before the commit',
    },
  }

  it.each(Object.entries(more))('%s', (_, setup) => {
    expect(explore(shapes(setup)).violation?.breaks).toMatch(/ showed 0, had to show 1$/)
  })
})

describe('the shape of a valid entry is registered, or there is no registry: needs', () => {
  const guards: readonly Guard[] = [
    'WILDCARD gets its version in the step that registers',
    'COARSE gets its version in the step that registers',
    'a registration is remembered under the version of COARSE',
    'a registration is remembered under the version of WILDCARD',
    'a registry that is made anew moves COARSE',
    'a registry that a writer makes anew moves COARSE',
    'COARSE moves in the step that makes the registry',
    'a shape that gives way moves its WILDCARD',
    'WILDCARD moves in the step that retires',
  ]

  it.each(guards)('%s', (without) => {
    const { violation } = explore(shapes({ promised: 'registered', writers: [byDefault], reads: oneRead, without }))
    expect(violation?.breaks).toBe('shape 0 has a valid entry, and is not registered')
  })
})

describe('what no promise needs', () => {
  const unneeded: Record<string, Setup> = {
    'derived tags, strict mode: that the model moves before VALUE': {
      promised: 'committed',
      writers: [strict],
      reads: derived,
      without: 'the model moves before VALUE',
    },
    'strict mode where replicas lag: that the model is held before the check': {
      promised: 'acknowledged',
      writers: [strict],
      replicas: true,
      without: 'the model is held before the check',
    },
    'default mode: that COARSE is looked up before VALUE': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: oneRead,
      splitLookUps: true,
      without: 'COARSE is looked up before VALUE',
    },
    'that a fill has the versions of the registration where the look-up found others': {
      promised: 'acknowledged',
      writers: [byDefault],
      reads: inOneProcess,
      fillsUnderLookUp: true,
    },
  }

  it.each(Object.entries(unneeded))('%s', (_, setup) => {
    expect(explore(shapes(setup)).violation).toBeUndefined()
  })
})
