import { CacheConfigError, StoreUnavailableError, show } from '../../errors.ts'
import { newVersion, type SeenVersion, type TagVersion } from '../../tags/tag-versions.ts'
import { globLiteral } from '../glob.ts'
import type { CacheStore, LookUp, StoreContext, StoreFactory } from '../store.ts'
import { tickBatch } from '../tick-batch.ts'
import type { RedisClient } from './redis-client.ts'
import { connected } from './redis-client.ts'
import { ServerIdentity } from './server-identity.ts'

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
  const { scaleReads = 'master' } = client.options ?? {}
  if (scaleReads !== 'master') {
    throw new CacheConfigError(
      'redis',
      `the cluster client reads from replicas (scaleReads ${show(scaleReads)}), which lag behind invalidations`,
      "Hand in a client with `scaleReads: 'master'`.",
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

type Command = [name: string, ...args: string[]]

const SCAN_COUNT = '1000'
const UNLINK_BATCH = 500

function openSpace(client: RedisClient, context: StoreContext, close: () => Promise<void>): CacheStore {
  const tagKey = (tag: string) => `${context.prefix}tag:${tag}`

  const identity = new ServerIdentity(client, `${context.prefix}server`, dropVersions)
  let { tagTtlMs } = context

  const lookUps = tickBatch(async (wanted: readonly { key: string; tags: readonly string[] }[]) => {
    connected(client)
    await identity.known()
    const found = await getAll(
      client,
      wanted.flatMap(({ key, tags }) => [key, ...tags.map(tagKey)]),
    )
    // Once more: a client may send a command again that was under way when its connection broke, to another server.
    identity.assertKnown()
    return wanted.map(({ key, tags }): LookUp => {
      return { entry: found.get(key) ?? undefined, versions: tags.map((tag) => found.get(tagKey(tag)) ?? null) }
    })
  })

  const ensures = tickBatch(async (wanted: readonly (readonly string[])[]) => {
    const keys = [...new Set(wanted.flat())].map(tagKey)
    if (keys.length === 0) return wanted.map(() => [])
    connected(client)
    await identity.known()
    // SET NX, then read back: whoever comes second takes the version of whoever came first.
    const set = keys.map((key): Command => ['set', key, newVersion(), 'PX', String(tagTtlMs), 'NX'])
    const results = await sendAll(client, [...set, ...keys.map((key): Command => ['get', key])])
    const versions = new Map(keys.map((key, i) => [key, answer(results[keys.length + i]) as SeenVersion]))
    return wanted.map((tags) => tags.map((tag) => present(versions.get(tagKey(tag)))))
  })

  async function* scanKeys(pattern: string): AsyncIterable<string[]> {
    connected(client)
    const nodes = client.isCluster && client.nodes ? client.nodes('master') : [client]
    for (const node of nodes) {
      let cursor = '0'
      do {
        const [next, keys] = (await node.call('SCAN', cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT)) as [
          string,
          string[],
        ]
        cursor = next
        if (keys.length > 0) yield keys
      } while (cursor !== '0')
    }
  }

  async function dropVersions(): Promise<void> {
    for await (const keys of scanKeys(`${globLiteral(tagKey(''))}*`)) await unlink(keys)
  }

  async function unlink(keys: readonly string[]): Promise<number> {
    let removed = 0
    for (let at = 0; at < keys.length; at += UNLINK_BATCH) {
      const results = await sendAll(
        client,
        keys.slice(at, at + UNLINK_BATCH).map((key) => ['unlink', key]),
      )
      for (const result of results) removed += Number(answer(result))
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
      const results = await sendAll(client, [
        ['set', key, entry, 'PX', String(ttlMs)],
        ...tags.map((tag): Command => ['pexpire', tagKey(tag), String(tagTtlMs)]),
      ])
      answer(results[0])
    },

    async bump(tags) {
      // XX: an absent tag is changed already, and a row nobody has read costs no memory.
      const results = await sendAll(
        client,
        tags.map((tag) => ['set', tagKey(tag), newVersion(), 'PX', String(tagTtlMs), 'XX']),
      )
      const refused = tags.filter((_, i) => results[i]?.[0])
      if (refused.length === 0) return
      // A full Redis refuses SET (-OOM) but not UNLINK, and an absent tag is as good as a new version.
      for (const result of await sendAll(
        client,
        refused.map((tag) => ['unlink', tagKey(tag)]),
      ))
        answer(result)
    },

    remove: (keys) => unlink(keys),
    scan: (pattern) => scanKeys(pattern),

    async peek(key) {
      return ((await connected(client).call('GET', key)) as string | null) ?? undefined
    },

    async clear() {
      // Tags first: without its versions an entry is dead, and so is a fill that is on its way.
      await dropVersions()
      let removed = 0
      for await (const keys of scanKeys(`${globLiteral(context.prefix)}query:*`)) removed += await unlink(keys)
      await identity.forget()
      return removed
    },

    async ping() {
      await connected(client).call('PING')
      await identity.confirm()
    },
    onReconnect: (listener) => identity.onReconnect(listener),
    async close() {
      identity.close()
      await close()
    },
  }
}

/** Values by key, in one MGET; in a cluster one GET a key, sent to their nodes at the same time. */
async function getAll(client: RedisClient, keys: readonly string[]): Promise<Map<string, SeenVersion>> {
  const unique = [...new Set(keys)]
  const values = connected(client).isCluster
    ? await Promise.all(unique.map((key) => client.call('GET', key)))
    : await client.call('MGET', ...unique)
  return new Map(unique.map((key, i) => [key, (values as SeenVersion[])[i] ?? null]))
}

type Reply = [error: Error | null, result: unknown]

/** Every command in one round trip; a refused command is a reply with an error, a lost connection rejects. */
async function sendAll(client: RedisClient, commands: Command[]): Promise<readonly Reply[]> {
  if (commands.length === 0) return []
  if (connected(client).isCluster) {
    return Promise.all(
      commands.map(([name, ...args]) =>
        client.call(name, ...args).then(
          (result): Reply => [null, result],
          (error: Error): Reply => [error, undefined],
        ),
      ),
    )
  }
  const replies = await client.pipeline(commands).exec()
  if (!replies) throw new StoreUnavailableError('the pipeline was discarded')
  return replies
}

function answer(reply: Reply | undefined): unknown {
  if (!reply) throw new StoreUnavailableError('no reply')
  if (reply[0]) throw reply[0]
  return reply[1]
}

function present(version: SeenVersion | undefined): TagVersion {
  // Evicted between SET and GET: Redis is thrashing; without a version nothing may be stored.
  if (version === null || version === undefined) throw new StoreUnavailableError('a tag version did not stay')
  return version
}
