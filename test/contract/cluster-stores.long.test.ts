import { Cluster } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { afterAll, beforeAll } from 'vitest'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { describeLocalCopies, describeRedisStore } from './redis-stores.ts'

const MASTERS = 3
let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster({ masters: MASTERS, replicasPerMaster: 1 })
})
afterAll(() => cluster?.stop())

const connect = () => new Cluster(cluster.addresses) as unknown as RedisClient
const servers = () => cluster.nodes.slice(0, MASTERS).map((node) => node.server)
const deviations = [
  {
    test: 'a look-up is one script',
    reason: 'a script cannot span slots: one a slot, sent to their nodes at the same time',
  },
]

describeLocalCopies('a Redis Cluster', connect)

describeRedisStore('Redis Cluster, ioredis 6', { connect, servers, deviations })

describeRedisStore('Redis Cluster, ioredis 5', {
  connect: () => new Cluster5(cluster.addresses) as unknown as RedisClient,
  servers,
  deviations,
})
