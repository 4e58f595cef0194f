import { Redis } from 'ioredis'
import { freePort, isFree } from './free-port.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { eventually } from './with-timeout.ts'

export interface ClusterNode {
  readonly id: string
  readonly server: RedisServer
  /** A connection past the cache. Fails within a second while the node is down. */
  readonly admin: Redis
}

export interface MigrationOptions {
  /** Waits between the steps, so that a load meets the slot in each of its states. @default 0 */
  readonly lingerMs?: number
}

/** A Redis Cluster on loopback. Roles are those of the moment: each call asks the nodes that are alive. */
export interface RedisCluster {
  /** What an ioredis `Cluster` is started with. */
  readonly addresses: { readonly host: string; readonly port: number }[]
  /** The masters of the start come first, then their replicas, in the same order. */
  readonly nodes: readonly ClusterNode[]
  masters(): Promise<readonly ClusterNode[]>
  masterOf(key: string): Promise<ClusterNode>
  replicasOf(master: ClusterNode): Promise<readonly ClusterNode[]>
  /** Ends a node without a farewell. */
  kill(node: ClusterNode): Promise<void>
  /** Freezes a node: connections to it stay open, and nobody answers. */
  freeze(node: ClusterNode): Promise<void>
  thaw(node: ClusterNode): void
  /** Resolves with the replica that has taken over from a master which was killed or frozen, once all others agree. */
  successorOf(gone: ClusterNode): Promise<ClusterNode>
  /** Makes a replica the master while its master lives: `planned` hands over, `takeover` asks nobody and loses what it has not. */
  promote(replica: ClusterNode, how: 'planned' | 'takeover'): Promise<void>
  /** Starts nodes that have gone again, empty and as replicas of whoever has their slots, and lets every replica have its data. */
  mend(): Promise<void>
  /** What the master acknowledges from now on does not reach this replica, until `mend`. */
  cutReplication(replica: ClusterNode): Promise<void>
  /** Slots and the keys in them, step by step as `redis-cli --cluster reshard` does it. */
  migrateSlots(from: ClusterNode, to: ClusterNode, slots: readonly number[], options?: MigrationOptions): Promise<void>
  /** Slots of this node in which there are keys. */
  slotsInUse(node: ClusterNode): Promise<readonly number[]>
  /** Forgets what was counted so far. */
  resetCommandCounts(): Promise<void>
  /** How often a node has run each command, those it was replicated included; names as `cluster|nodes`. */
  commandCounts(node: ClusterNode): Promise<Readonly<Record<string, number>>>
  stop(): Promise<void>
}

export interface RedisClusterOptions {
  readonly masters?: number
  readonly replicasPerMaster?: number
  /** After so long without an answer a node counts as down. Short ones want an idle machine. @default 5000 */
  readonly nodeTimeoutMs?: number
}

const HOST = '127.0.0.1'
const SLOTS = 16_384
/** Redis takes this much above the port for the nodes' talk among themselves. */
const BUS = 10_000
/** The system hands ports out from here on. */
const FIRST_EPHEMERAL = 32_768

export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicasPerMaster = 0, nodeTimeoutMs = 5000 } = options
  const opening = await Promise.allSettled(
    Array.from({ length: masters * (1 + replicasPerMaster) }, () => startNode(nodeTimeoutMs)),
  )
  const nodes = opening.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const stop = async () => {
    for (const { admin } of nodes) admin.disconnect()
    await Promise.all(nodes.map(({ server }) => server.stop()))
  }
  try {
    for (const result of opening) if (result.status === 'rejected') throw result.reason
    await join(nodes, masters)
    return new Cluster(nodes, stop)
  } catch (error) {
    await stop()
    throw error
  }
}

async function startNode(nodeTimeoutMs: number): Promise<ClusterNode> {
  const server = await startRedis({
    port: await freeClusterPort(),
    args: [
      ...['--cluster-enabled', 'yes', '--cluster-node-timeout', `${nodeTimeoutMs}`],
      // However long a replica was cut off, it takes over: what it lost then is what the tests are about.
      ...['--cluster-replica-validity-factor', '0'],
      // Masters keep the replicas they have: those of the others do not come to the help of one that lost its own.
      ...['--cluster-migration-barrier', '99'],
      ...['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'],
    ],
  })
  const admin = new Redis(server.url, { retryStrategy: () => 50 })
  admin.on('error', () => {})
  try {
    return { server, admin, id: String(await admin.call('CLUSTER', 'MYID')) }
  } catch (error) {
    admin.disconnect()
    await server.stop()
    throw error
  }
}

async function freeClusterPort(): Promise<number> {
  for (;;) {
    const port = await freePort()
    if (port + BUS < FIRST_EPHEMERAL && (await isFree(port + BUS))) return port
  }
}

/** What `redis-cli --cluster create` does, in its own commands. */
async function join(nodes: readonly ClusterNode[], masters: number): Promise<void> {
  await Promise.all(
    nodes.slice(0, masters).map(async ({ admin }, i) => {
      const [from, to] = [i, i + 1].map((n) => Math.floor((n * SLOTS) / masters)) as [number, number]
      await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`)
      await admin.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => `${from + slot}`))
    }),
  )
  // Everybody with everybody: left to their talk among themselves they would take seconds to find each other.
  for (const [i, { admin }] of nodes.entries()) {
    for (const { server } of nodes.slice(0, i)) await admin.call('CLUSTER', 'MEET', HOST, `${server.port}`)
  }
  await until('the nodes to know each other', nodes, ({ shown }) => {
    return shown.length === nodes.length && shown.every(({ flags }) => !flags.includes('handshake'))
  })
  await Promise.all(
    nodes.slice(masters).map(({ admin }, i) => admin.call('CLUSTER', 'REPLICATE', nodes[i % masters]?.id as string)),
  )
  await until('the cluster to agree', nodes, ({ shown, isOk }) => {
    return isOk && shown.filter(({ master }) => master !== '-').length === nodes.length - masters
  })
  await Promise.all(nodes.slice(masters).map(hasSynced))
}

class Cluster implements RedisCluster {
  readonly nodes: readonly ClusterNode[]
  readonly stop: () => Promise<void>
  /** Killed, or frozen. */
  readonly #gone = new Set<ClusterNode>()
  /** Who may take over from a node that has gone. */
  readonly #heirs = new Map<ClusterNode, readonly ClusterNode[]>()

  constructor(nodes: readonly ClusterNode[], stop: () => Promise<void>) {
    this.nodes = nodes
    this.stop = stop
  }

  get addresses() {
    return this.nodes.map(({ server }) => ({ host: HOST, port: server.port }))
  }

  async masters() {
    return this.#those(({ master, hasSlots }) => master === '-' && hasSlots)
  }

  async masterOf(key: string) {
    const { admin } = this.#alive()[0] as ClusterNode
    const slot = Number(await admin.call('CLUSTER', 'KEYSLOT', key))
    const slots = (await admin.call('CLUSTER', 'SLOTS')) as [number, number, [string, number, string]][]
    const id = slots.find(([first, last]) => first <= slot && slot <= last)?.[2][2]
    return this.nodes.find((node) => node.id === id) as ClusterNode
  }

  async replicasOf(master: ClusterNode) {
    return this.#those((shown) => shown.master === master.id)
  }

  async kill(node: ClusterNode) {
    await this.#leave(node)
    await node.server.kill()
  }

  async freeze(node: ClusterNode) {
    await this.#leave(node)
    node.server.pause()
  }

  thaw(node: ClusterNode) {
    node.server.resume()
    this.#gone.delete(node)
  }

  async successorOf(gone: ClusterNode) {
    const hasTakenOver = async (node: ClusterNode) => {
      const { myself } = await stateOf(node)
      return myself.master === '-' && myself.hasSlots
    }
    const find = async () => {
      for (const node of this.#heirs.get(gone) ?? []) if (await hasTakenOver(node)) return node
      return undefined
    }
    const successor = await eventually(find, 'a replica to take over')
    await this.#agreeOn(successor)
    return successor
  }

  async promote(replica: ClusterNode, how: 'planned' | 'takeover') {
    await replica.admin.call('CLUSTER', 'FAILOVER', ...(how === 'planned' ? [] : ['TAKEOVER']))
    await this.#agreeOn(replica)
  }

  async mend() {
    for (const node of this.#gone) {
      await node.server.restart()
      this.#gone.delete(node)
    }
    await Promise.all(this.nodes.map(({ admin }) => admin.config('SET', 'masterauth', '')))
    await this.#until('the cluster to agree', ({ isOk }) => isOk)
    const replicas = await this.#those(({ master }) => master !== '-')
    await Promise.all(replicas.map(hasSynced))
  }

  async cutReplication(replica: ClusterNode) {
    const { myself } = await stateOf(replica)
    const master = this.nodes.find(({ id }) => id === myself.master)
    // A password the master does not have: the replica cannot come back, and the nodes' own talk goes on.
    await replica.admin.config('SET', 'masterauth', 'wrong')
    await master?.admin.call('CLIENT', 'KILL', 'TYPE', 'replica')
    const isCut = async () => /^master_link_status:down/m.test(await replica.admin.info('replication')) || undefined
    await eventually(isCut, 'the replica to be cut off')
  }

  async migrateSlots(
    from: ClusterNode,
    to: ClusterNode,
    slots: readonly number[],
    { lingerMs = 0 }: MigrationOptions = {},
  ) {
    const linger = () => new Promise((resolve) => setTimeout(resolve, lingerMs))
    for (const slot of slots.map(String)) {
      await to.admin.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id)
      await from.admin.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id)
      await linger()
      for (;;) {
        // One at a time: keys of one slot lie on both nodes meanwhile.
        const keys = (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', slot, '1')) as string[]
        if (keys.length === 0) break
        await from.admin.call('MIGRATE', HOST, `${to.server.port}`, '', '0', '5000', 'KEYS', ...keys)
        await linger()
      }
      // The new owner first: were it the last one told, the slot would have none for a moment.
      for (const node of [to, from, ...(await this.masters()).filter((one) => one !== to && one !== from)]) {
        await node.admin.call('CLUSTER', 'SETSLOT', slot, 'NODE', to.id)
      }
      await linger()
    }
  }

  async slotsInUse({ admin }: ClusterNode) {
    const slots = new Set<number>()
    for await (const keys of admin.scanStream({ count: 1000 })) {
      for (const key of keys as string[]) slots.add(Number(await admin.call('CLUSTER', 'KEYSLOT', key)))
    }
    return [...slots]
  }

  async resetCommandCounts() {
    await Promise.all(this.#alive().map(({ admin }) => admin.config('RESETSTAT')))
  }

  async commandCounts({ admin }: ClusterNode) {
    const stats = (await admin.info('commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)
    return Object.fromEntries([...stats].map(([, name, calls]) => [name, Number(calls)]))
  }

  async #agreeOn(master: ClusterNode): Promise<void> {
    await this.#until('the cluster to agree on the new master', ({ isOk, shown }) => {
      return isOk && shown.some((node) => node.id === master.id && node.master === '-' && node.hasSlots)
    })
  }

  async #leave(node: ClusterNode): Promise<void> {
    this.#heirs.set(node, await this.replicasOf(node))
    this.#gone.add(node)
  }

  #until(what: string, holds: (state: NodeState) => boolean): Promise<void> {
    return until(what, this.#alive(), holds)
  }

  async #those(are: (shown: Shown) => boolean): Promise<readonly ClusterNode[]> {
    const alive = this.#alive()
    const states = await Promise.all(alive.map(stateOf))
    return alive.filter((_, i) => are((states[i] as NodeState).myself))
  }

  #alive(): readonly ClusterNode[] {
    return this.nodes.filter((node) => !this.#gone.has(node))
  }
}

/** A node as one of them shows it in `CLUSTER NODES`. */
interface Shown {
  readonly id: string
  readonly flags: readonly string[]
  /** `-`: it is a master itself. */
  readonly master: string
  readonly hasSlots: boolean
}

interface NodeState {
  readonly isOk: boolean
  readonly myself: Shown
  readonly shown: readonly Shown[]
}

async function stateOf({ admin }: ClusterNode): Promise<NodeState> {
  const [info, nodes] = await Promise.all([admin.call('CLUSTER', 'INFO'), admin.call('CLUSTER', 'NODES')])
  const shown = String(nodes)
    .trim()
    .split('\n')
    .map((line): Shown => {
      const [id = '', , flags = '', master = '', , , , , ...slots] = line.split(' ')
      return { id, flags: flags.split(','), master, hasSlots: slots.length > 0 }
    })
  const myself = shown.find(({ flags }) => flags.includes('myself')) as Shown
  return { isOk: String(info).includes('cluster_state:ok'), myself, shown }
}

/** Resolves when every one of these nodes shows it so. */
async function until(what: string, nodes: readonly ClusterNode[], holds: (state: NodeState) => boolean): Promise<void> {
  const isSo = async () => (await Promise.all(nodes.map(stateOf))).every(holds) || undefined
  await eventually(isSo, what)
}

async function hasSynced({ admin }: ClusterNode): Promise<void> {
  const isUp = async () => {
    const text = await admin.info('replication').catch(() => '')
    return (/^role:slave/m.test(text) && /^master_link_status:up/m.test(text)) || undefined
  }
  await eventually(isUp, 'a replica to have its data')
}
