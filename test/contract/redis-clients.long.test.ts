import { asRedisClient } from '../../src/stores/redis/adapters/index.ts'
import { redisClients, useRedisAndRest } from './redis-clients.ts'
import { describeRedisStore } from './redis-stores.ts'

const place = useRedisAndRest()

const TOO_MANY = {
  test: 'an invalidation costs the same with 10 entries and with 10 000',
  reason: 'each entry is stored by a request of its own, and ten thousand at once are more than a machine opens',
}

for (const [name, connect] of Object.entries(redisClients)) {
  describeRedisStore(`Redis, ${name}`, {
    connect: () => asRedisClient(connect(place)),
    servers: () => [place.server],
    deviations: name === '@upstash/redis' ? [TOO_MANY] : [],
  })
}
