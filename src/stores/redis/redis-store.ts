import { CacheConfigError } from '../../errors.ts'
import type { ShapeKey } from '../../tags/shape-tags.ts'
import type { Tag } from '../../tags/tag.ts'
import { recordOf } from '../../tags/tag-clocks.ts'
import { type ConnectionLimits, connectionLimits } from '../connection-limits.ts'
import { globLiteral } from '../glob.ts'
import type { CacheStore, Lease, LookUp, StoreContext, StoreFactory } from '../store.ts'
import { tickBatch } from '../tick-batch.ts'
import { clockFeed } from './clock-feed.ts'
import { ClusterServers } from './cluster-servers.ts'
import { INCREMENT } from './counters.ts'
import { keyPage } from './key-page.ts'
import { END_LEASE, isGranted, RENEW_LEASE, TAKE_LEASE } from './leases.ts'
import { Looking, type RecordLife } from './looking.ts'
import { type OwnConnection, openConnection } from './own-connection.ts'
import { DROP } from './record-scripts.ts'
import { answer, type Command, connected, type RedisClient } from './redis-client.ts'
import { RedisClocks } from './redis-clocks.ts'
import { RedisKeys } from './redis-keys.ts'
import type { RedisServers } from './redis-servers.ts'
import { runScripts, type ScriptCall } from './run-scripts.ts'
import { scanKeys } from './scan-keys.ts'
import { pipelined } from './send-commands.ts'
import { addressOf, serverInfo } from './server-info.ts'
import { SingleServer } from './single-server.ts'
import { listenWeakly } from './weak-listeners.ts'

/** A store in Redis over a client of the application's own; the application closes the client. */
export function redisStore(client: RedisClient): StoreFactory {
  const keyPrefix = client.options?.keyPrefix
  if (keyPrefix) {
    throw new CacheConfigError(
      'redis',
      `the client has keyPrefix ${JSON.stringify(keyPrefix)}, which SCAN does not apply`,
      'Hand in `redis.duplicate({ keyPrefix: "" })` and set the `prefix` option instead.',
    )
  }
  return (context) => new RedisStore(client, context, undefined)
}

/** The same over a connection that this package makes, and shares among all caches of the process that ask for this URL. */
export function ownRedisStore(url: string): StoreFactory {
  return (context) => {
    const connection = openConnection(url, limitsOf(context).connectTimeoutMs)
    listenWeakly(connection.client, 'error', context, told)
    return new RedisStore(connection.client, context, connection)
  }
}

function limitsOf({ connection, timeoutMs }: StoreContext): ConnectionLimits {
  return connection ?? connectionLimits({}, timeoutMs)
}

function told({ onError }: StoreContext, error: unknown): void {
  onError('connection', error)
}

/** Keys one command removes. */
const BATCH = 500

interface Wanted {
  /** `undefined`: only clocks are wanted. */
  readonly key: string | undefined
  readonly tags: readonly Tag[]
}

class RedisStore implements CacheStore {
  readonly name = 'redis'
  readonly isRemote = true
  readonly #client: RedisClient
  readonly #context: StoreContext
  /** What is to be closed with the store; the application's own client is not. */
  readonly #own: OwnConnection | undefined
  readonly #keys: RedisKeys
  readonly #servers: RedisServers
  readonly #clocks: RedisClocks
  readonly #lookUps = tickBatch((wanted: readonly Wanted[]) => this.#lookUpAll(wanted))
  readonly #claims = tickBatch((wanted: readonly (Wanted & { readonly lease: Lease })[]) => this.#claimAll(wanted))
  readonly #registrations = tickBatch(async (wanted: readonly ShapeKey[]) => {
    await this.#known()
    // Several queries of one tick have one shape.
    const shapes = [...new Map(wanted.map((shape) => [nameOf(shape), shape])).values()]
    const done = await this.#clocks.register(shapes)
    this.#servers.assertKnown()
    const byName = new Map(shapes.map((shape, i) => [nameOf(shape), done[i]]))
    return wanted.map((shape) => byName.get(nameOf(shape)) as (typeof done)[number])
  })
  readonly #lives = new Map<string, RecordLife>()

  constructor(client: RedisClient, context: StoreContext, own: OwnConnection | undefined) {
    this.#client = client
    this.#context = context
    this.#own = own
    this.#keys = new RedisKeys(context.prefix)
    const { graceMs, waitReplicas, timeoutMs, looksOnly } = context
    const connection = limitsOf(context)
    const { note: noteKey, probe: probePrefix } = this.#keys
    const dropRecords = (server: RedisClient, isDone?: () => Promise<boolean>) => this.#dropRecords(server, isDone)
    const limits = { graceMs, waitReplicas, timeoutMs, looksOnly, connection }
    const serversContext = { noteKey, probePrefix, ...limits, dropRecords }
    this.#servers = client.isCluster
      ? new ClusterServers(client, serversContext)
      : new SingleServer(client, serversContext)
    const { clock, tagTtlMs } = context
    this.#clocks = new RedisClocks({ keys: this.#keys, servers: this.#servers, clock, ttlMs: tagTtlMs })
  }

  lookUp(key: string | undefined, tags: readonly Tag[]): Promise<LookUp> {
    return this.#lookUps({ key, tags })
  }

  claim(lease: Lease, tags: readonly Tag[]) {
    return this.#claims({ key: lease.key, tags, lease })
  }

  async #known(): Promise<void> {
    connected(this.#client)
    await this.#servers.known()
  }

  async #lookUpAll(wanted: readonly Wanted[]): Promise<readonly LookUp[]> {
    return (await this.#sendLookUps(wanted, [])).found
  }

  async #claimAll(wanted: readonly (Wanted & { readonly lease: Lease })[]) {
    const takes = wanted.map(({ lease }): ScriptCall => {
      return { script: TAKE_LEASE, keys: [this.#keys.lease(lease)], args: [lease.holder, String(lease.leaseMs)] }
    })
    // Sent first, on the same connection: who is granted a lease sees what its last holder stored.
    const { found, first } = await this.#sendLookUps(wanted, takes)
    return found.map((lookUp, i) => ({ ...lookUp, granted: isGranted(first[i]) }))
  }

  async #sendLookUps(wanted: readonly Wanted[], before: readonly ScriptCall[]) {
    await this.#known()
    const looking = new Looking(
      this.#keys,
      this.#servers,
      this.#lives,
      this.#context.looksOnly ? 0 : this.#context.tagTtlMs,
    )
    for (const one of wanted) looking.add(one.key, one.tags)
    const sent = [...before, ...looking.calls()]
    const keys = sent.flatMap((call) => call.keys)
    const replies = await runScripts(sent, (commands) => this.#servers.read(commands, keys))
    // Once more: a client may send a command again that was under way when its connection broke, to another server.
    this.#servers.assertKnown()
    return { found: looking.read(replies.slice(before.length)), first: replies.slice(0, before.length) }
  }

  async endLease(lease: Lease): Promise<void> {
    const call = { script: END_LEASE, keys: [this.#keys.lease(lease)], args: [lease.holder] }
    const [reply] = await this.#run([call])
    answer(reply)
  }

  async renewLease(lease: Lease): Promise<boolean> {
    const args = [lease.holder, String(lease.leaseMs)]
    const [reply] = await this.#run([{ script: RENEW_LEASE, keys: [this.#keys.lease(lease)], args }])
    return answer(reply) === 1
  }

  #run(calls: readonly ScriptCall[]) {
    return runScripts(calls, (commands) => this.#servers.send(commands))
  }

  isTrusted(): boolean {
    try {
      this.#servers.assertKnown()
      return this.#servers.graceLeftMs() === 0
    } catch {
      return false
    }
  }

  follow(listener: Parameters<NonNullable<CacheStore['follow']>>[0], heartbeatMs: number) {
    const { onError } = this.#context
    const masters = async () => {
      await this.#servers.known()
      return this.#servers.masters()
    }
    const takesWrites = () => this.#servers.takesWrites()
    const { connectTimeoutMs } = limitsOf(this.#context)
    return clockFeed(listener, { keys: this.#keys, masters, takesWrites, heartbeatMs, connectTimeoutMs, onError })
  }

  register(shapes: readonly ShapeKey[]) {
    return Promise.all(shapes.map(this.#registrations))
  }

  async fill(key: string, entry: string, ttlMs: number, tags: readonly Tag[] = []): Promise<void> {
    // A record must outlive its entries, or they would miss before their time; also those of calls that asked for longer
    // than the configuration knows. Only these records: one call must not keep all others. The next look-up says so.
    const lifeMs = 2 * ttlMs
    if (lifeMs > this.#context.tagTtlMs) {
      for (const record of new Set(tags.map(recordOf))) {
        const life = this.#lives.get(record)
        if (!life || life.lifeMs < lifeMs) this.#lives.set(record, { lifeMs, lengthenedAt: Number.NEGATIVE_INFINITY })
      }
    }
    const [stored] = await this.#servers.read([['set', key, entry, 'PX', String(ttlMs)]], [key])
    if (answer(stored) !== 'OK') throw this.#servers.outOfOrder()
  }

  async increment(key: string, by: number, ttlMs: number | undefined): Promise<number | undefined> {
    connected(this.#client)
    const args = [String(by), ttlMs === undefined ? '' : String(ttlMs)]
    const [reply] = await this.#run([{ script: INCREMENT, keys: [key], args }])
    const sum = answer(reply)
    return sum === '' ? undefined : Number(sum)
  }

  bump: CacheStore['bump'] = (tags, known, graceUntil) => this.#clocks.bump(tags, known, { graceUntil })
  hold: CacheStore['hold'] = (tags, holder, leaseMs, known) => this.#clocks.lock(tags, holder, leaseMs, known)
  release: CacheStore['release'] = (holder, moved, kept, known) => this.#clocks.bump(moved, known, { holder, kept })

  intend: NonNullable<CacheStore['intend']> = (tags, holder, leaseMs) => this.#clocks.intend(tags, holder, leaseMs)

  async remove(keys: readonly string[]): Promise<number> {
    let removed = 0
    for (let at = 0; at < keys.length; at += BATCH) {
      const some = keys.slice(at, at + BATCH).map((key): Command => ['unlink', key])
      for (const reply of await this.#servers.send(some)) removed += Number(answer(reply))
    }
    return removed
  }

  async *scan(pattern: string): AsyncIterable<readonly string[]> {
    yield* this.#keysOf(await this.#servers.masters(), pattern)
  }

  async page(pattern: string, cursor: string, limit: number) {
    return keyPage(await this.#servers.masters(), pattern, cursor, limit)
  }

  async *#keysOf(masters: readonly RedisClient[], pattern: string): AsyncIterable<readonly string[]> {
    for (const master of masters) {
      for await (const { keys } of scanKeys(master, pattern)) if (keys.length > 0) yield keys
    }
  }

  async peek(key: string): Promise<string | undefined> {
    const [reply] = await this.#servers.send([['mget', key]])
    const [value] = answer(reply) as readonly (string | null)[]
    return value ?? undefined
  }

  async clear(): Promise<number> {
    const masters = await this.#servers.masters()
    // Records first: without them an entry is dead, and so is a fill that is on its way.
    for (const server of masters) await this.#dropRecords(server)
    let removed = 0
    for (const kind of ['query', 'data']) {
      for await (const keys of this.#keysOf(masters, this.#all(kind))) removed += await this.remove(keys)
    }
    for await (const keys of this.#keysOf(masters, this.#all('shapes'))) await this.remove(keys)
    await this.remove([this.#keys.note])
    return removed
  }

  #all(kind: string): string {
    return `${globLiteral(this.#keys.of(kind, ''))}*`
  }

  /** Locks and intents stay: they are of writes that are under way. */
  async #dropRecords(server: RedisClient, isDone = async () => false): Promise<void> {
    const { channel } = this.#keys
    for await (const keys of this.#keysOf([server], this.#all('clock'))) {
      if (await isDone()) return
      const calls = keys.map((key): ScriptCall => ({ script: DROP, keys: [key], args: [channel] }))
      for (const reply of await runScripts(calls, (all) => pipelined(server, [...all]))) answer(reply)
    }
  }

  async connect(): Promise<void> {
    this.#own?.wake()
    await this.#servers.confirm()
  }

  rest(): void {
    this.#own?.rest()
  }

  address(): string {
    return addressOf(this.#client)
  }

  ping() {
    return this.#servers.ping()
  }

  servers() {
    return Promise.all(this.#servers.nodes().map((node) => serverInfo(node, this.#context.timeoutMs)))
  }

  graceLeftMs() {
    return this.#servers.graceLeftMs()
  }

  onReconnect(listener: () => void): void {
    this.#servers.onReconnect(listener)
  }

  async close(): Promise<void> {
    this.#servers.close()
    this.#own?.close()
  }
}

const nameOf = ({ model, text }: ShapeKey): string => `${model}?${text}`
