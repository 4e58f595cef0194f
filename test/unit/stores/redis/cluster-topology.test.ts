import { describe, expect, it } from 'vitest'
import { readClusterNodes, redirection } from '../../../../src/stores/redis/cluster-topology.ts'

const nodes = `07c3 127.0.0.1:30004@31004,host-4 slave e7d1 0 1426238317239 4 connected
67ed [::1]:30002@31002 master - 0 1426238316232 2 connected 5461-10922
e7d1 127.0.0.1:30001@31001,host-1 myself,master - 0 0 12 connected 0-5459 5460 [77->-67ed]
dead :0@0 master,fail,noaddr - 1 2 3 disconnected
`

describe('what a cluster node says', () => {
  it('of itself: its part, its epoch, its slots', () => {
    const { myself } = readClusterNodes(nodes)
    expect(myself).toEqual({
      id: 'e7d1',
      isMaster: true,
      epoch: 12,
      slots: [
        [0, 5459],
        [5460, 5460],
      ],
    })
  })

  it('of itself as a replica', () => {
    expect(readClusterNodes('a 127.0.0.1:1@2 myself,slave b 0 0 3 connected').myself).toMatchObject({ isMaster: false })
  })

  it('of the others: every address a redirection may name', () => {
    const { addresses } = readClusterNodes(nodes)
    expect(addresses.get('07c3')).toEqual(['127.0.0.1:30004', 'host-4:30004'])
    expect(addresses.get('67ed')).toEqual(['[::1]:30002'])
  })

  it('to who asks the wrong one', () => {
    expect(redirection(new Error('MOVED 3999 127.0.0.1:6381'))).toEqual({
      kind: 'MOVED',
      slot: 3999,
      address: '127.0.0.1:6381',
    })
    expect(redirection(new Error('ASK 1 host-1:1'))).toMatchObject({ kind: 'ASK', address: 'host-1:1' })
    expect(redirection(new Error('READONLY no'))).toBeUndefined()
    expect(redirection(null)).toBeFalsy()
  })
})
