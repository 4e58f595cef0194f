import keySlot from 'cluster-key-slot'
import { ConnectionLostError } from '../../errors.ts'
import { inTime } from '../in-time.ts'
import { readClusterNodes, redirection } from './cluster-topology.ts'
import { type Command, connected, type RedisClient, type Reply } from './redis-client.ts'
import type { RedisServers, ServersContext } from './redis-servers.ts'
import { called, outOfOrder, pipelined } from './send-commands.ts'
import { compareWithNote, describe, type Server } from './server-note.ts'
import { watchSilence } from './silence.ts'
import { sendSafely } from './single-server.ts'
import { listenWeakly } from './weak-listeners.ts'
import { isRefused, refusal, WriteCheck } from './write-check.ts'

/** Where the slots lie, as of a moment when every master was confirmed. */
interface Topology {
  readonly masters: readonly RedisClient[]
  readonly bySlot: (RedisClient | undefined)[]
  readonly byAddress: ReadonlyMap<string, RedisClient>
}

const SLOTS = 16_384
/** A slot on its way is answered by one of two nodes; more redirections than this are a cluster in disorder. */
const REDIRECTIONS = 4
/** Of so many keys one lies on each master, unless the prefix says where all of them lie. */
const MOST_TRIES = 1000

/**
 * The masters of a cluster. Commands are routed here and not by the client: it follows a redirection to a replica that
 * has taken over without a word, and what that one lost by then must not be read. A redirection to a confirmed master
 * (a slot that was moved, its keys with it) is followed; one to anybody else, like a lost connection, means that the
 * masters must be confirmed again.
 */
export class ClusterServers implements RedisServers {
  readonly #client: RedisClient
  readonly #context: ServersContext
  readonly #listeners = new Set<() => void>()
  readonly #watched = new WeakSet<RedisClient>()
  /** Takes the listeners off again: the client is the application's. */
  readonly #ends: (() => void)[] = []
  readonly #writes: WriteCheck
  /** Of each master a key in one of its slots that never exists. */
  #probes = new Map<RedisClient, string>()
  #losses = 0
  #confirmedAt: number | undefined
  #first: Promise<void> | undefined
  #finding: Promise<unknown> | undefined
  #graceEndsAt = 0
  #topology: Topology = { masters: [], bySlot: [], byAddress: new Map() }

  constructor(client: RedisClient, context: ServersContext) {
    this.#client = client
    this.#context = context
    this.#writes = new WriteCheck(context.looksOnly ? Number.POSITIVE_INFINITY : context.connection.writeCheckMs)
    for (const event of ['ready', '+node']) this.#ends.push(listenWeakly(client, event, this, found))
    this.#ends.push(listenWeakly(client, 'close', this, lost), listenWeakly(client, '-node', this, removed))
  }

  async known(): Promise<void> {
    if (this.#confirmedAt === undefined) {
      this.#first ??= this.confirm().finally(() => {
        this.#first = undefined
      })
      await this.#first
    }
    this.assertKnown()
    if (this.graceLeftMs() > 0) throw new ConnectionLostError('the server has just come')
  }

  assertKnown(): void {
    if (this.#confirmedAt !== this.#losses) throw new ConnectionLostError('a node of the cluster was lost or replaced')
  }

  async confirm(): Promise<void> {
    if (this.#confirmedAt !== this.#losses) await this.ping()
  }

  /** A node that hangs does not close its connection: who has its slots now is seen only by asking again. */
  async ping(): Promise<void> {
    const losses = this.#losses
    const again = this.#confirmedAt !== undefined
    if (again) this.#client.refreshSlotsCache?.()
    const servers = await this.#find()
    const graceLeftMs = await compareWithNote(servers, again, (commands) => this.send(commands), this.#context)
    await this.takesWrites()
    this.#graceEndsAt = performance.now() + graceLeftMs
    this.#confirmedAt = losses
  }

  /**
   * Asks every node whether it is a master, and of which slots, and routes by that from now on. What the client takes a
   * node for is not asked: it learns late of a fail-over.
   */
  async #find(): Promise<readonly Server[]> {
    const client = connected(this.#client)
    // Resolves when the client itself has found its nodes. Not later: it would go to any of them, also one that hangs.
    if (client.status !== 'ready') await called(client, 'PING')
    const { timeoutMs, connection } = this.#context
    // One node that hangs must not keep the others from being confirmed. They may have to be connected to first.
    const limitMs = Math.max(2 * timeoutMs, connection.connectTimeoutMs / 2)
    const asked = await Promise.allSettled(
      (client.nodes?.('all') ?? []).map((node) => inTime(limitMs, () => this.#describe(node))),
    )
    const masters = asked.flatMap((node) => (node.status === 'fulfilled' && node.value ? [node.value] : []))
    const topology = topologyOf(masters)
    // A node that does not answer is missed only if nobody else has its slots.
    if (topology.bySlot.includes(undefined)) throw new ConnectionLostError('a part of the cluster does not answer')
    for (const server of topology.masters) this.#watch(server)
    this.#topology = topology
    this.#probes = new Map()
    return masters.map(({ server }) => server)
  }

  graceLeftMs(): number {
    return Math.max(0, this.#graceEndsAt - performance.now())
  }

  send(commands: readonly Command[]): Promise<readonly Reply[]> {
    return this.#route(commands, pipelined)
  }

  sendSafely(commands: readonly Command[]): Promise<readonly Reply[]> {
    return this.#route(commands, (server, own) => sendSafely(server, own, this.#context.waitReplicas))
  }

  placeOf(key: string): unknown {
    return keySlot(key)
  }

  async takesWrites(): Promise<void> {
    if (this.#context.looksOnly) return
    const { masters } = this.#topology
    for (const server of masters) this.#writes.begin(server)
    const probes = masters.flatMap((server) => this.#probe(server))
    this.#assertTaken(await this.send(probes))
  }

  async read(commands: readonly Command[], keys: readonly string[]): Promise<readonly Reply[]> {
    const asked = new Set(keys.map((key) => this.#topology.bySlot[keySlot(key)]))
    const probes = [...asked].flatMap((server) => (server && this.#writes.isDue(server) ? this.#probe(server) : []))
    const replies = await this.send([...commands, ...probes])
    this.#assertTaken(replies.slice(commands.length))
    return replies.slice(0, commands.length)
  }

  outOfOrder(): Error {
    for (const server of this.#topology.masters) outOfOrder(server)
    return new ConnectionLostError('replies came out of order')
  }

  async masters(): Promise<readonly RedisClient[]> {
    if (this.#topology.masters.length === 0 || this.#confirmedAt !== this.#losses) await this.#find()
    return this.#topology.masters
  }

  nodes(): readonly RedisClient[] {
    return this.#client.nodes?.('all') ?? []
  }

  onReconnect(listener: () => void): void {
    this.#listeners.add(listener)
  }

  close(): void {
    this.#listeners.clear()
    for (const end of this.#ends.splice(0)) end()
  }

  async #route(
    commands: readonly Command[],
    send: (server: RedisClient, commands: Command[]) => Promise<readonly Reply[]>,
  ): Promise<readonly Reply[]> {
    if (commands.length === 0) return []
    connected(this.#client)
    if (this.#topology.masters.length === 0) {
      // Once for all who come before it is known: each of them would ask every node.
      this.#finding ??= this.#find().finally(() => {
        this.#finding = undefined
      })
      await this.#finding
    }
    const byServer = new Map<RedisClient, number[]>()
    for (const [i, command] of commands.entries()) {
      const server = this.#topology.bySlot[keySlot(keyOf(command))]
      if (!server) throw new ConnectionLostError('a slot has no master')
      const own = byServer.get(server)
      if (own) own.push(i)
      else byServer.set(server, [i])
    }
    const replies = new Array<Reply>(commands.length)
    await Promise.all(
      [...byServer].map(async ([server, own]) => {
        const answers = await send(
          server,
          own.map((i) => commands[i] as Command),
        )
        for (const [at, i] of own.entries()) replies[i] = answers[at] as Reply
      }),
    )
    if (!this.#looked(replies).some(([error]) => redirection(error))) return replies
    const bySlot = new Map<number, number[]>()
    for (const [i, command] of commands.entries()) {
      const slot = keySlot(keyOf(command))
      const own = bySlot.get(slot)
      if (own) own.push(i)
      else bySlot.set(slot, [i])
    }
    await Promise.all([...bySlot.values()].map((own) => this.#inOrder(own, commands, replies)))
    return replies
  }

  /**
   * Commands of one slot take effect in the order given, of which invalidations and look-ups depend: what came after one
   * that is redirected came before it, and is sent once more. None of ours does harm twice.
   */
  async #inOrder(own: readonly number[], commands: readonly Command[], replies: Reply[]): Promise<void> {
    let isLate = false
    for (const i of own) {
      const command = commands[i] as Command
      const to = redirection(replies[i]?.[0] ?? null)
      if (isLate && !to) {
        const server = this.#topology.bySlot[keySlot(keyOf(command))]
        const [again] = server ? await pipelined(server, [command]) : []
        if (again) replies[i] = again
      }
      isLate ||= to !== undefined
      if (isLate) replies[i] = await this.#redirected(command, replies[i] as Reply)
    }
  }

  async #redirected(command: Command, first: Reply): Promise<Reply> {
    let reply = first
    for (let left = REDIRECTIONS; left > 0; left -= 1) {
      const to = redirection(reply[0])
      if (!to) return reply
      const server = this.#topology.byAddress.get(to.address)
      if (!server) {
        this.tellLost()
        // What is written must reach the new master all the same; what is read is not trusted any more.
        const [name, ...args] = command
        return [null, await called(this.#client, name, ...args)]
      }
      if (to.kind === 'MOVED') this.#topology.bySlot[to.slot] = server
      const replies = await pipelined(server, to.kind === 'ASK' ? [['asking'], command] : [command])
      reply = replies.at(-1) as Reply
    }
    return reply
  }

  async #describe(node: RedisClient): Promise<Described | undefined> {
    watchSilence(node, this.#context.connection)
    const { myself, addresses } = readClusterNodes(String(await called(node, 'CLUSTER', 'NODES')))
    if (!myself?.isMaster) return undefined
    const server = await describe(node, `@${myself.epoch}`)
    return { server, id: myself.id, epoch: myself.epoch, slots: myself.slots, addresses }
  }

  /** None where keys of the prefix never lie on this master. */
  #probe(server: RedisClient): Command[] {
    let key = this.#probes.get(server)
    for (let i = 0; key === undefined && i < MOST_TRIES; i += 1) {
      const candidate = `${this.#context.probePrefix}{${i}}`
      if (this.#topology.bySlot[keySlot(candidate)] === server) key = candidate
    }
    if (key === undefined) return []
    this.#probes.set(server, key)
    return [['unlink', key]]
  }

  #looked(replies: readonly Reply[]): readonly Reply[] {
    if (replies.some(isRefused)) this.tellLost()
    return replies
  }

  #assertTaken(replies: readonly Reply[]): void {
    const refused = replies.find(isRefused)?.[0]
    if (refused) throw refusal(refused)
  }

  #watch(node: RedisClient): void {
    if (this.#watched.has(node)) return
    this.#watched.add(node)
    this.#ends.push(listenWeakly(node, 'close', this, lost))
  }

  tellLost(): void {
    this.#losses += 1
  }

  /** A client drops the nodes it was given to begin with; those were never asked. */
  tellRemoved(node: RedisClient): void {
    if (this.#watched.has(node)) this.tellLost()
  }

  tellFound(): void {
    for (const listener of this.#listeners) listener()
  }
}

const lost = (servers: ClusterServers) => servers.tellLost()
const found = (servers: ClusterServers) => servers.tellFound()
const removed = (servers: ClusterServers, node: unknown) => servers.tellRemoved(node as RedisClient)

interface Described {
  readonly server: Server
  readonly id: string
  readonly epoch: number
  readonly slots: readonly (readonly [number, number])[]
  readonly addresses: ReadonlyMap<string, readonly string[]>
}

function topologyOf(described: readonly Described[]): Topology {
  const bySlot = new Array<RedisClient | undefined>(SLOTS).fill(undefined)
  const byAddress = new Map<string, RedisClient>()
  // Two may claim a slot while one of them has not heard yet that the other was elected.
  for (const { server, id, slots } of [...described].sort((a, b) => a.epoch - b.epoch)) {
    for (const [first, last] of slots) bySlot.fill(server.client, first, last + 1)
    // A node may not know its own address; the others do.
    for (const { addresses } of described) {
      for (const address of addresses.get(id) ?? []) byAddress.set(address, server.client)
    }
  }
  return { masters: described.map(({ server }) => server.client), bySlot, byAddress }
}

function keyOf([name, ...args]: Command): string {
  return (name.startsWith('eval') ? args[2] : args[0]) as string
}
