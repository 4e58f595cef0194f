import { Redis as Upstash } from '@upstash/redis'
import { Redis as Valkey } from 'iovalkey'
import { createClient } from 'redis'
import { createClient as createClient4 } from 'redis4'
import { createClient as createClient5 } from 'redis5'
import { afterAll, beforeAll } from 'vitest'
import type { AnyRedisClient } from '../../src/index.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startUpstashRest, type UpstashRest } from '../support/upstash-rest.ts'

interface Place {
  readonly url: string
  readonly rest: { readonly url: string; readonly token: string }
}

type Connect = (place: Place) => AnyRedisClient

/** A Redis, and Upstash's interface before it, for the tests of a file; there from the first `beforeAll` on. */
export function useRedisAndRest(): { readonly server: RedisServer; readonly rest: UpstashRest; readonly url: string } {
  let server: RedisServer
  let rest: UpstashRest
  beforeAll(async () => {
    server = await startRedis()
    rest = await startUpstashRest(server.url)
  })
  afterAll(async () => {
    await rest?.stop()
    await server?.stop()
  })
  return {
    get server() {
      return server
    },
    get rest() {
      return rest
    },
    get url() {
      return server.url
    },
  }
}

/** Clients other than ioredis, as an application makes them. */
export const redisClients: Readonly<Record<string, Connect>> = {
  'redis 6': ({ url }) => nodeRedis(createClient({ url })),
  'redis 5': ({ url }) => nodeRedis(createClient5({ url })),
  'redis 4': ({ url }) => nodeRedis(createClient4({ url })),
  iovalkey: ({ url }) => new Valkey(url),
  '@upstash/redis': ({ rest }) => new Upstash(rest),
}

/** The application connects it. */
function nodeRedis<
  Client extends AnyRedisClient & {
    on(event: 'error', listener: () => void): unknown
    connect(): Promise<unknown>
  },
>(client: Client): Client {
  client.on('error', () => {})
  client.connect().catch(() => {})
  return client
}
