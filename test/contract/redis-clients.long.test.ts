import { afterAll, beforeAll } from 'vitest'
import { asRedisClient } from '../../src/stores/redis/adapters/index.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startUpstashRest, type UpstashRest } from '../support/upstash-rest.ts'
import { redisClients } from './redis-clients.ts'
import { describeRedisStore } from './redis-stores.ts'

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

const TOO_MANY = {
  test: 'an invalidation costs the same with 10 entries and with 10 000',
  reason: 'each entry is stored by a request of its own, and ten thousand at once are more than a machine opens',
}

for (const [name, connect] of Object.entries(redisClients)) {
  describeRedisStore(`Redis, ${name}`, {
    connect: () => asRedisClient(connect({ url: server.url, rest })),
    servers: () => [server],
    deviations: name === '@upstash/redis' ? [TOO_MANY] : [],
  })
}
