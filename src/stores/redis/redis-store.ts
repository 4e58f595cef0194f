import { LRUCache } from 'lru-cache'
import { CacheConfigError, StoreUnavailableError } from '../../errors.ts'
import { anyValuesTag, type ShapeKey } from '../../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag } from '../../tags/tag.ts'
import { HELD, newVersion, type SeenVersion, type TagVersion, untilText } from '../../tags/tag-versions.ts'
import { type ConnectionLimits, connectionLimits } from '../connection-limits.ts'
import { globLiteral } from '../glob.ts'
import {
  type CacheStore,
  isCounter,
  type KnownRegistry,
  type Lease,
  type LookUp,
  MAX_SHAPES,
  type Registration,
  type ShapeRegistry,
  type StoreContext,
  type StoreFactory,
} from '../store.ts'
import { tickBatch } from '../tick-batch.ts'
import { type AnyRedisClient, asRedisClient } from './adapters/index.ts'
import { ClusterServers } from './cluster-servers.ts'
import { INCREMENT } from './counters.ts'
import {
  BUMP,
  DROP,
  ENSURE,
  HOLD,
  type HoldChange,
  holdArguments,
  isHeld,
  RENEW,
  type Script,
  SOFTEN,
} from './hold-script.ts'
import { keyPage } from './key-page.ts'
import { END_LEASE, isGranted, leaseKey, RENEW_LEASE, TAKE_LEASE } from './leases.ts'
import { type OwnConnection, openConnection } from './own-connection.ts'
import { answer, type Command, connected, type RedisClient, type Reply } from './redis-client.ts'
import type { RedisServers } from './redis-servers.ts'
import { CHECK, FULL, REGISTER } from './registry-script.ts'
import { scanKeys } from './scan-keys.ts'
import { pipelined } from './send-commands.ts'
import { addressOf, serverInfo } from './server-info.ts'
import { SingleServer } from './single-server.ts'
import { versionFeed } from './version-feed.ts'
import { listenWeakly } from './weak-listeners.ts'
import { isWrongType, removeWrongTypes } from './wrong-types.ts'

/** A store in Redis over a client of the application's own; the application closes the client. */
export function redisStore(given: AnyRedisClient): StoreFactory {
  const client = asRedisClient(given)
  const keyPrefix = client.options?.keyPrefix
  if (keyPrefix) {
    throw new CacheConfigError(
      'redis',
      `the client has keyPrefix ${JSON.stringify(keyPrefix)}, which SCAN does not apply`,
      'Hand in `redis.duplicate({ keyPrefix: "" })` and set the `prefix` option instead.',
    )
  }
  return (context) => openSpace(client, context, undefined)
}

/** The same over a connection that this package makes, and shares among all caches of the process that ask for this URL. */
export function ownRedisStore(url: string): StoreFactory {
  return (context) => {
    const connection = openConnection(url, limitsOf(context).connectTimeoutMs)
    listenWeakly(connection.client, 'error', context, told)
    return openSpace(connection.client, context, connection)
  }
}

function limitsOf({ connection, timeoutMs }: StoreContext): ConnectionLimits {
  return connection ?? connectionLimits({}, timeoutMs)
}

function noPush(): CacheConfigError {
  const fix = "Give `near: 'revalidate'`, or a client of ioredis or iovalkey."
  return new CacheConfigError(
    'near',
    "'push' needs a connection that Redis pushes on, which this client does not have",
    fix,
  )
}

function told({ onError }: StoreContext, error: unknown): void {
  onError('connection', error)
}

/** How often making room for a shape is tried when others do the same. */
const MAX_TRIES = 4
const BATCH = 500

/** @param own what is to be closed with the store; the application's own client is not. */
function openSpace(client: RedisClient, context: StoreContext, own: OwnConnection | undefined): CacheStore {
  const tagKey = (tag: Tag) => `${context.prefix}tag:${inSlot(tag)}`
  const registryPrefix = `${context.prefix}shapes:`
  const registryKey = (model: string) => `${registryPrefix}{${model}}`
  const isRegistry = (key: string) => key.startsWith(registryPrefix)
  const noteKey = `${context.prefix}server`
  const { graceMs, waitReplicas, timeoutMs, looksOnly } = context
  const connection = limitsOf(context)
  const probePrefix = `${context.prefix}probe:`
  const serversContext = { noteKey, probePrefix, graceMs, waitReplicas, timeoutMs, looksOnly, connection, dropVersions }
  const servers: RedisServers = client.isCluster
    ? new ClusterServers(client, serversContext)
    : new SingleServer(client, serversContext)
  const tagKeys = new WeakMap<readonly Tag[], readonly string[]>()
  const { tagTtlMs } = context
  /**
   * Until when a version is known not to expire, by the key of its tag, of those that were met. One that was moved since has a longer life;
   * one that is gone is a miss.
   */
  const lastsUntil = new LRUCache<string, number>({ max: 50_000 })

  const lookUps = tickBatch(async (wanted: readonly Wanted[]) => {
    connected(client)
    await servers.known()
    return lookUpAll(wanted)
  })

  const claims = tickBatch(async (wanted: readonly (Wanted & { readonly lease: Lease })[]) => {
    connected(client)
    await servers.known()
    // Sent first, on the same connection: who is granted a lease sees what its last holder stored.
    const takes = wanted.map(({ lease }): ScriptCall => {
      return {
        script: TAKE_LEASE,
        keys: [leaseKey(context.prefix, lease)],
        args: [lease.holder, String(lease.leaseMs)],
      }
    })
    const taken = run(takes, (commands) => servers.send(commands))
    const [replies, found] = await Promise.all([taken, lookUpAll(wanted)])
    return found.map((lookUp, i) => ({ ...lookUp, granted: isGranted(replies[i]) }))
  })

  async function lookUpAll(wanted: readonly Wanted[]): Promise<LookUp[]> {
    const unmet = new Set<string>()
    for (const { tags, creates } of wanted) {
      if (creates) for (const key of tagKeysOf(tags)) if (!lastsUntil.has(key)) unmet.add(key)
    }
    const keys: string[] = []
    const places = new Map<string, number>()
    const placeOf = (key: string): number => {
      const known = places.get(key)
      if (known !== undefined) return known
      places.set(key, keys.length)
      return keys.push(key) - 1
    }
    const placed = wanted.map(({ key, tags }) => ({
      entry: key === undefined ? undefined : placeOf(key),
      tags: tagKeysOf(tags).map((tag) => (unmet.has(tag) ? tag : placeOf(tag))),
    }))
    const [found, created] = await Promise.all([
      keys.length === 0 ? [] : servers.get(keys),
      unmet.size === 0 ? NONE : tryToEnsure([...unmet]),
    ])
    let values: readonly unknown[] = found
    const counters = placed.flatMap(({ entry = -1 }) => (isCounter(String(found[entry])) ? [entry] : []))
    if (counters.length > 0) values = await withProven(counters, keys, found)
    // Once more: a client may send a command again that was under way when its connection broke, to another server.
    servers.assertKnown()
    return placed.map(
      ({ entry, tags }): LookUp => ({
        entry: entry === undefined ? undefined : ((values[entry] as string | null) ?? undefined),
        versions: tags.map((tag) => (typeof tag === 'number' ? seen(values[tag]) : (created.get(tag) ?? null))),
      }),
    )
  }

  /**
   * With the counters among the entries asked for again, behind an ECHO. An entry says what it answers; a counter is a
   * number, and so may be what stands in its place in the reply to another look-up, of as many keys.
   */
  async function withProven(counters: readonly number[], keys: readonly string[], values: readonly unknown[]) {
    const replies = await servers.send(counters.map((i): Command => ['mget', keys[i] as string]))
    const proven = [...values]
    for (const [n, i] of counters.entries()) proven[i] = (answer(replies[n]) as unknown[])[0]
    return proven
  }

  /** As a part of a look-up, which must not fail where a version cannot be created: a full Redis still has entries. */
  function tryToEnsure(keys: readonly string[]): Promise<ReadonlyMap<string, SeenVersion>> {
    return ensured(keys).catch(() => NONE)
  }

  /** Versions of tags, by key. */
  async function ensured(tagKeys: readonly string[]): Promise<ReadonlyMap<string, SeenVersion>> {
    const { calls, replies } = await together(ENSURE, tagKeys, (commands) => servers.send(commands))
    const versions = new Map<string, SeenVersion>()
    for (const [i, { keys, args }] of calls.entries()) {
      const values = answer(replies[i]) as readonly unknown[]
      for (const [k, key] of keys.entries()) {
        const isNew = values[k] === args[k + 1]
        if (isNew) lastsUntil.set(key, performance.now() + Number(args[0]) / 2)
        else if (!lastsUntil.has(key)) lastsUntil.set(key, 0)
        versions.set(key, seen(values[k]))
      }
    }
    return versions
  }

  /** Kept as long as the list is: that of an entry or a query is asked for with every hit. */
  function tagKeysOf(tags: readonly Tag[]): readonly string[] {
    let keys = tagKeys.get(tags)
    if (!keys) tagKeys.set(tags, (keys = tags.map(tagKey)))
    return keys
  }

  const ensures = tickBatch(async (wanted: readonly (readonly Tag[])[]) => {
    const tags = [...new Set(wanted.flat())]
    if (tags.length === 0) return wanted.map(() => [])
    connected(client)
    await servers.known()
    const versions = await ensured(tags.map(tagKey))
    servers.assertKnown()
    return wanted.map((tags) => tags.map((tag) => present(versions.get(tagKey(tag)))))
  })

  /** Keys that lie together, in the order of the first of them. */
  function grouped(keys: readonly string[]): string[][] {
    const groups = new Map<unknown, string[][]>()
    const calls: string[][] = []
    for (const key of keys) {
      const place = servers.placeOf(key)
      const lists = groups.get(place) ?? []
      groups.set(place, lists)
      const last = lists.at(-1)
      if (last && last.length < BATCH) last.push(key)
      else {
        const list = [key]
        lists.push(list)
        calls.push(list)
      }
    }
    return calls
  }

  /**
   * A script that is given a version for each of its keys, and others behind it. A slot on its way to another node has
   * some of its keys here and some there (`TRYAGAIN`): then a key at a time, in the same order.
   */
  async function together(
    script: Script,
    keys: readonly string[],
    send: Send,
    others: readonly ScriptCall[] = [],
    first: readonly string[] = [],
    lifeMs = tagTtlMs,
  ) {
    const callsOn = (groups: readonly (readonly string[])[]) =>
      groups.map((own): ScriptCall => ({ script, keys: own, args: [String(lifeMs), ...first, ...own.map(newVersion)] }))
    const calls = callsOn(grouped(keys))
    const replies = await run([...calls, ...others], send)
    const isSplit = calls.some((_, i) => replies[i]?.[0]?.message.startsWith('TRYAGAIN'))
    if (!isSplit) return { calls, replies }
    const single = callsOn(keys.map((key) => [key]))
    return { calls: single, replies: await run([...single, ...others], send) }
  }

  /**
   * Scripts, in one round trip and in this order; in two where a server does not know one yet. What came after that one
   * is run once more, for it came too early; running any of them twice does no harm.
   */
  async function run(calls: readonly ScriptCall[], send: Send): Promise<readonly Reply[]> {
    const replies = await runAsItIs(calls, send)
    const failed = calls.filter((_, i) => isWrongType(replies[i]))
    if (failed.length === 0) return replies
    await removeWrongTypes([...new Set(failed.flatMap(({ keys }) => keys))], isRegistry, send)
    const healed = new Map<ScriptCall, Reply>()
    for (const [i, reply] of (await runAsItIs(failed, send)).entries()) healed.set(failed[i] as ScriptCall, reply)
    return calls.map((call, i) => healed.get(call) ?? (replies[i] as Reply))
  }

  async function runAsItIs(calls: readonly ScriptCall[], send: Send): Promise<readonly Reply[]> {
    const rest = ({ keys, args }: ScriptCall) => [String(keys.length), ...keys, ...args]
    const replies = await send(calls.map((call): Command => ['evalsha', call.script.sha1, ...rest(call)]))
    const unknown = replies.findIndex(([error]) => error?.message.startsWith('NOSCRIPT'))
    if (unknown < 0) return replies
    const again = calls.slice(unknown).map((call): Command => ['eval', call.script.text, ...rest(call)])
    return [...replies.slice(0, unknown), ...(await send(again))]
  }
  const safely: Send = (commands) => servers.sendSafely(commands)

  async function changeHolds(
    change: Omit<HoldChange, 'tagTtlMs'>,
    moved: readonly Tag[],
    kept: readonly Tag[],
    known: readonly KnownRegistry[] = [],
  ): Promise<readonly ShapeRegistry[]> {
    const moves = new Set(moved.map(tagKey))
    const calls = grouped([...moved, ...kept].map(tagKey)).map((keys): ScriptCall => {
      const args = holdArguments(
        { ...change, tagTtlMs },
        keys.map(newVersion),
        keys.map((key) => moves.has(key)),
      )
      return { script: HOLD, keys, args }
    })
    const replies = await run([...calls, ...known.map(check)], safely)
    for (const reply of replies.slice(0, calls.length)) answer(reply)
    return registries(known, replies.slice(calls.length))
  }

  async function bump(
    tags: readonly Tag[],
    known: readonly KnownRegistry[] = [],
    graceUntil?: number,
  ): Promise<readonly ShapeRegistry[]> {
    const [script, first] = graceUntil === undefined ? [BUMP, []] : [SOFTEN, [untilText(graceUntil)]]
    const { calls, replies } = await together(script, tags.map(tagKey), safely, known.map(check), first)
    // A full Redis refuses SET (-OOM) but not UNLINK, and an absent tag is as good as a new version. All of them, for
    // the order in which tags move counts: a model before its shapes.
    const isRefused = calls.some((_, i) => replies[i]?.[0])
    for (const reply of isRefused ? await safely(tags.map((tag) => ['unlink', tagKey(tag)])) : []) answer(reply)
    return registries(known, replies.slice(calls.length))
  }

  function check({ model, version = '' }: KnownRegistry): ScriptCall {
    const keys = [registryKey(model), tagKey(everyShapeTag(model))]
    return { script: CHECK, keys, args: [version, newVersion(), newVersion(), String(tagTtlMs)] }
  }

  async function registries(
    known: readonly KnownRegistry[],
    replies: readonly (Reply | undefined)[],
  ): Promise<readonly ShapeRegistry[]> {
    const unreadable: Tag[] = []
    const changed: ShapeRegistry[] = []
    for (const [i, { model }] of known.entries()) {
      const [error, said] = replies[i] ?? [new Error('no reply'), undefined]
      const [version, ...texts] = Array.isArray(said) ? (said as string[]) : []
      if (error || !Array.isArray(said)) unreadable.push(everyShapeTag(model))
      else if (version !== undefined) changed.push({ model, version, texts })
    }
    // Which shapes there are is not known: all of them move.
    if (unreadable.length > 0) await bump(unreadable)
    return changed
  }

  function registerCall(shape: ShapeKey, retired: string): ScriptCall {
    const { model, text } = shape
    const tags = [everyShapeTag(model), modelTag(model), anyValuesTag(shape)]
    // Which one is to go is said by the server, but its tag must be named by us, for a cluster to see where it lies.
    if (retired !== '') tags.push(anyValuesTag({ model, text: retired }))
    const versions = Array.from({ length: 4 }, newVersion)
    const args = [text, String(tagTtlMs), String(MAX_SHAPES), retired, ...versions]
    return { script: REGISTER, keys: [registryKey(model), ...tags.map(tagKey)], args }
  }

  const registrations = tickBatch(async (wanted: readonly ShapeKey[]) => {
    connected(client)
    await servers.known()
    const shapes = new Map(wanted.map((shape) => [registrationName(shape), shape]))
    const done = new Map<string, Registration>()
    const send: Send = (commands) => servers.send(commands)
    const replies = await run(
      [...shapes.values()].map((shape) => registerCall(shape, '')),
      send,
    )
    for (const [i, [name, shape]] of [...shapes].entries()) {
      let said = answer(replies[i]) as readonly string[]
      // Others may be making room at the same time, and take what was to go here.
      for (let tries = 0; said[0] === FULL && tries < MAX_TRIES; tries += 1) {
        const [reply] = await run([registerCall(shape, said[1] ?? '')], send)
        said = answer(reply) as readonly string[]
      }
      const [everyShape, anyValues] = said
      if (everyShape === HELD) done.set(name, HELD)
      else if (everyShape === FULL || anyValues === undefined) throw new StoreUnavailableError('no shape gave way')
      else done.set(name, { everyShape: everyShape as TagVersion, anyValues })
    }
    servers.assertKnown()
    return wanted.map((shape) => done.get(registrationName(shape)) as Registration)
  })

  async function* keysOf(masters: readonly RedisClient[], pattern: string): AsyncIterable<readonly string[]> {
    for (const master of masters) {
      for await (const { keys } of scanKeys(master, pattern)) if (keys.length > 0) yield keys
    }
  }

  async function dropVersions(server: RedisClient, isDone = async () => false): Promise<void> {
    // Models before their shapes, as `bump` does.
    for (const tags of ['{*}', '*']) {
      for await (const keys of keysOf([server], `${globLiteral(tagKey(''))}${tags}`)) {
        if (await isDone()) return
        await dropKeys(server, keys)
      }
    }
  }

  async function dropKeys(server: RedisClient, keys: readonly string[]): Promise<void> {
    for (const some of batches(keys)) {
      const calls = some.map((key): ScriptCall => ({ script: DROP, keys: [key], args: [newVersion()] }))
      for (const reply of await run(calls, (all) => pipelined(server, [...all]))) answer(reply)
    }
  }

  async function unlink(keys: readonly string[]): Promise<number> {
    let removed = 0
    for (const some of batches(keys)) {
      for (const reply of await servers.send(some.map((key) => ['unlink', key]))) removed += Number(answer(reply))
    }
    return removed
  }

  return {
    name: 'redis',
    isRemote: true,
    lookUp: (key, tags, how) => lookUps({ key, tags, creates: how?.creating }),
    claim: (lease, tags) => claims({ key: lease.key, tags, lease }),
    async endLease(lease) {
      const keys = [leaseKey(context.prefix, lease)]
      const [reply] = await run([{ script: END_LEASE, keys, args: [lease.holder] }], (all) => servers.send(all))
      answer(reply)
    },
    async renewLease(lease) {
      const call = {
        script: RENEW_LEASE,
        keys: [leaseKey(context.prefix, lease)],
        args: [lease.holder, String(lease.leaseMs)],
      }
      const [reply] = await run([call], (all) => servers.send(all))
      return answer(reply) === 1
    },
    isTrusted: () => isTrusted(servers),
    follow: (listener, heartbeatMs) => {
      if (!client.duplicate) throw noPush()
      return versionFeed(listener, {
        tagPrefix: `${context.prefix}tag:`,
        tagOf: (key) => outOfSlot(key.slice(context.prefix.length + 'tag:'.length)),
        masters: async () => {
          await servers.known()
          return servers.masters()
        },
        takesWrites: () => servers.takesWrites(),
        heartbeatMs,
        connectTimeoutMs: connection.connectTimeoutMs,
        onError: context.onError,
      })
    },
    ensureVersions: (tags) => ensures(tags),
    register: (shapes) => Promise.all(shapes.map(registrations)),

    async fill(key, entry, tags, ttlMs) {
      // A version must outlive the entries that hold it, or they would miss before their time; also those of calls
      // that asked for longer than the configuration knows. Only of these tags: one call must not keep all others.
      const lifeMs = Math.max(tagTtlMs, 2 * ttlMs)
      const outlives = performance.now() + ttlMs
      const short = tagKeysOf(tags).filter((tag) => (lastsUntil.get(tag) ?? 0) <= outlives)
      const [stored] = await Promise.all([
        servers.send([['set', key, entry, 'PX', String(ttlMs)]]),
        together(RENEW, short, (commands) => servers.send(commands), [], [], lifeMs),
      ])
      answer(stored[0])
      for (const tag of short) lastsUntil.set(tag, performance.now() + lifeMs / 2)
    },

    async increment(key, by, ttlMs) {
      connected(client)
      const args = [String(by), ttlMs === undefined ? '' : String(ttlMs)]
      const [reply] = await run([{ script: INCREMENT, keys: [key], args }], (all) => servers.send(all))
      const sum = answer(reply)
      return sum === '' ? undefined : Number(sum)
    },

    bump,
    hold: (tags, holder, leaseMs, known) => changeHolds({ added: holder, leaseMs }, [], tags, known),
    release: (holder, moved, kept, known) => changeHolds({ ended: holder }, moved, kept, known),

    remove: (keys) => unlink(keys),
    async *scan(pattern) {
      yield* keysOf(await servers.masters(), pattern)
    },

    page: async (pattern, cursor, limit) => keyPage(await servers.masters(), pattern, cursor, limit),

    async peek(key) {
      const [value] = await servers.get([key])
      return (value as string | null) ?? undefined
    },

    async clear() {
      const masters = await servers.masters()
      // Tags first: without its versions an entry is dead, and so is a fill that is on its way.
      for (const server of masters) await dropVersions(server)
      let removed = 0
      const ours = (kind: string) => keysOf(masters, `${globLiteral(context.prefix)}${kind}:*`)
      for (const kind of ['query', 'data']) for await (const keys of ours(kind)) removed += await unlink(keys)
      for await (const keys of ours('shapes')) await unlink(keys)
      await unlink([noteKey])
      return removed
    },

    async connect() {
      own?.wake()
      await servers.confirm()
    },
    rest: () => own?.rest(),
    address: () => addressOf(client),
    ping: () => servers.ping(),
    servers: () => Promise.all(servers.nodes().map((node) => serverInfo(node, timeoutMs))),
    graceLeftMs: () => servers.graceLeftMs(),
    onReconnect: (listener) => servers.onReconnect(listener),
    async close() {
      servers.close()
      own?.close()
    },
  }
}

interface Wanted {
  /** `undefined`: only versions are wanted. */
  readonly key: string | undefined
  readonly tags: readonly Tag[]
  /** Versions of tags that were never met. */
  readonly creates?: boolean | undefined
}

interface ScriptCall {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly string[]
}
const NONE: ReadonlyMap<string, SeenVersion> = new Map()
const registrationName = ({ model, text }: ShapeKey) => `${model}?${text}`

type Send = (commands: readonly Command[]) => Promise<readonly Reply[]>

function* batches(keys: readonly string[]): Iterable<readonly string[]> {
  for (let at = 0; at < keys.length; at += BATCH) yield keys.slice(at, at + BATCH)
}

/** A model's tag, its registry and the tags of its shapes lie in one slot of a cluster: scripts change them together. */
function inSlot(tag: Tag): string {
  const [, model, shape] = /^(\w+)(\?.*)?$/s.exec(tag) ?? []
  return model === undefined ? tag : `{${model}}${shape ?? ''}`
}

/** The tag that lies there. */
function outOfSlot(name: string): Tag {
  return name.replace(/^\{(\w+)\}/, '$1')
}

function isTrusted(servers: RedisServers): boolean {
  try {
    servers.assertKnown()
    return servers.graceLeftMs() === 0
  } catch {
    return false
  }
}

/** A held tag has no version to a reader. */
function seen(value: unknown): SeenVersion {
  return isHeld(value) ? HELD : ((value as string | null | undefined) ?? null)
}

function present(version: SeenVersion | undefined): TagVersion {
  // Evicted between SET and GET: Redis is thrashing; without a version nothing may be stored.
  if (version === null || version === undefined) throw new StoreUnavailableError('a tag version did not stay')
  return version
}
