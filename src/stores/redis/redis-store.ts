import { CacheConfigError, StoreUnavailableError } from '../../errors.ts'
import type { Tag } from '../../tags/tag.ts'
import { HELD, newVersion, type SeenVersion, type TagVersion } from '../../tags/tag-versions.ts'
import { globLiteral } from '../glob.ts'
import type { CacheStore, LookUp, StoreContext, StoreFactory } from '../store.ts'
import { tickBatch } from '../tick-batch.ts'
import { ClusterServers } from './cluster-servers.ts'
import { BUMP, DROP, HOLD, type HoldStep, holdArguments, isHeld, RENEW, type Script } from './hold-script.ts'
import { answer, type Command, connected, pipelined, type RedisClient, type Reply } from './redis-client.ts'
import type { RedisServers } from './redis-servers.ts'
import { SingleServer } from './single-server.ts'

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
  return (context) => openSpace(client, context, async () => {})
}

/** The same over a client that is this package's own. */
export function ownRedisStore(client: RedisClient): StoreFactory {
  return (context) => {
    client.on?.('error', (error: unknown) => context.onError('connection', error))
    return openSpace(client, context, async () => client.disconnect())
  }
}

const SCAN_COUNT = '1000'
const BATCH = 500

function openSpace(client: RedisClient, context: StoreContext, close: () => Promise<void>): CacheStore {
  const tagKey = (tag: Tag) => `${context.prefix}tag:${tag}`
  const noteKey = `${context.prefix}server`
  const { graceMs, waitReplicas, timeoutMs } = context
  const serversContext = { noteKey, graceMs, waitReplicas, timeoutMs, dropVersions }
  const servers: RedisServers = client.isCluster
    ? new ClusterServers(client, serversContext)
    : new SingleServer(client, serversContext)
  let { tagTtlMs } = context

  const lookUps = tickBatch(async (wanted: readonly { key: string; tags: readonly Tag[] }[]) => {
    connected(client)
    await servers.known()
    const keys = [...new Set(wanted.flatMap(({ key, tags }) => [key, ...tags.map(tagKey)]))]
    const values = await servers.get(keys)
    // Once more: a client may send a command again that was under way when its connection broke, to another server.
    servers.assertKnown()
    const found = new Map(keys.map((key, i) => [key, values[i] as string | null]))
    return wanted.map(({ key, tags }): LookUp => {
      return { entry: found.get(key) ?? undefined, versions: tags.map((tag) => seen(found.get(tagKey(tag)))) }
    })
  })

  const ensures = tickBatch(async (wanted: readonly (readonly Tag[])[]) => {
    const keys = [...new Set(wanted.flat())].map(tagKey)
    if (keys.length === 0) return wanted.map(() => [])
    connected(client)
    await servers.known()
    // SET NX, then read back: whoever comes second takes the version of whoever came first.
    const set = keys.map((key): Command => ['set', key, newVersion(), 'PX', String(tagTtlMs), 'NX'])
    const replies = await servers.send([...set, ...keys.map((key): Command => ['get', key])])
    servers.assertKnown()
    const versions = new Map(keys.map((key, i) => [key, seen(answer(replies[keys.length + i]))]))
    return wanted.map((tags) => tags.map((tag) => present(versions.get(tagKey(tag)))))
  })

  /** A script on each key, in one round trip; in two where a server does not know it yet. */
  async function run(script: Script, calls: readonly ScriptCall[], send: Send): Promise<readonly Reply[]> {
    const commands = (name: string, text: string, of: readonly ScriptCall[]) =>
      of.map(([key, ...args]): Command => [name, text, '1', key, ...args])
    const replies = await send(commands('evalsha', script.sha1, calls))
    const isUnknown = (i: number) => replies[i]?.[0]?.message.startsWith('NOSCRIPT')
    const unknown = calls.filter((_, i) => isUnknown(i))
    const again = (await send(commands('eval', script.text, unknown))).values()
    return replies.map((reply, i) => (isUnknown(i) ? (again.next().value as Reply) : reply))
  }
  const safely: Send = (commands) => servers.sendSafely(commands)

  async function holdSteps(steps: readonly (readonly [Tag, Omit<HoldStep, 'version' | 'tagTtlMs'>])[]): Promise<void> {
    const calls = steps.map(([tag, step]) => {
      return [tagKey(tag), ...holdArguments({ ...step, version: newVersion(), tagTtlMs })] as const
    })
    for (const reply of await run(HOLD, calls, safely)) answer(reply)
  }

  async function bump(tags: readonly Tag[]): Promise<void> {
    const calls = tags.map((tag) => [tagKey(tag), newVersion(), String(tagTtlMs)] as const)
    const replies = await run(BUMP, calls, safely)
    const refused = tags.filter((_, i) => replies[i]?.[0])
    // A full Redis refuses SET (-OOM) but not UNLINK, and an absent tag is as good as a new version.
    for (const reply of await safely(refused.map((tag) => ['unlink', tagKey(tag)]))) answer(reply)
  }

  async function* scanKeys(pattern: string, masters: readonly RedisClient[]): AsyncIterable<[RedisClient, string[]]> {
    for (const server of masters) {
      let cursor = '0'
      do {
        const [next, keys] = (await connected(server).call('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)) as [
          string,
          string[],
        ]
        cursor = next
        if (keys.length > 0) yield [server, keys]
      } while (cursor !== '0')
    }
  }

  async function dropVersions(server: RedisClient): Promise<void> {
    for await (const [, keys] of scanKeys(`${globLiteral(tagKey(''))}*`, [server])) {
      for (const some of batches(keys)) {
        const calls = some.map((key) => [key, newVersion()] as const)
        for (const reply of await run(DROP, calls, (all) => pipelined(server, [...all]))) answer(reply)
      }
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
    lookUp: (key, tags) => lookUps({ key, tags }),
    ensureVersions: (tags) => ensures(tags),

    async fill(key, entry, tags, ttlMs) {
      // A version must outlive the entries that hold it, or they would miss before their time; also those of calls
      // that asked for longer than the configuration knows.
      tagTtlMs = Math.max(tagTtlMs, 2 * ttlMs)
      const extended = tags.map((tag) => [tagKey(tag), String(tagTtlMs)] as const)
      const [stored] = await Promise.all([
        servers.send([['set', key, entry, 'PX', String(ttlMs)]]),
        run(RENEW, extended, (commands) => servers.send(commands)),
      ])
      answer(stored[0])
    },

    bump,
    hold: (tags, holder, leaseMs) => holdSteps(tags.map((tag) => [tag, { moves: false, added: holder, leaseMs }])),
    release: (holder, moved, kept) =>
      holdSteps([
        ...moved.map((tag) => [tag, { moves: true, ended: holder }] as const),
        ...kept.map((tag) => [tag, { moves: false, ended: holder }] as const),
      ]),

    remove: (keys) => unlink(keys),
    async *scan(pattern) {
      for await (const [, keys] of scanKeys(pattern, await servers.masters())) yield keys
    },

    async peek(key) {
      const [reply] = await servers.send([['get', key]])
      return (answer(reply) as string | null) ?? undefined
    },

    async clear() {
      const masters = await servers.masters()
      // Tags first: without its versions an entry is dead, and so is a fill that is on its way.
      for (const server of masters) await dropVersions(server)
      let removed = 0
      const entries = `${globLiteral(context.prefix)}query:*`
      for await (const [, keys] of scanKeys(entries, masters)) removed += await unlink(keys)
      await unlink([noteKey])
      return removed
    },

    ping: () => servers.ping(),
    graceLeftMs: () => servers.graceLeftMs(),
    onReconnect: (listener) => servers.onReconnect(listener),
    async close() {
      servers.close()
      await close()
    },
  }
}

type ScriptCall = readonly [key: string, ...args: string[]]
type Send = (commands: readonly Command[]) => Promise<readonly Reply[]>

function* batches(keys: readonly string[]): Iterable<readonly string[]> {
  for (let at = 0; at < keys.length; at += BATCH) yield keys.slice(at, at + BATCH)
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
