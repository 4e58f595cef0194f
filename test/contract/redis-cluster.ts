import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'

export interface RedisCluster {
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  readonly servers: readonly RedisServer[]
  stop(): Promise<void>
}

const SLOTS = 16_384

/** Masters without replicas, the slots shared out evenly. What `redis-cli --cluster create` does, in its own commands. */
export async function startRedisCluster(masters = 3): Promise<RedisCluster> {
  const servers: RedisServer[] = []
  const clients: Redis[] = []
  const stop = async () => {
    for (const client of clients) client.disconnect()
    await Promise.all(servers.map((server) => server.stop()))
  }
  try {
    for (let i = 0; i < masters; i += 1) {
      const server = await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '5000'] })
      servers.push(server)
      const client = new Redis(server.url)
      client.on('error', () => {})
      clients.push(client)
    }
    const [first] = servers
    for (const [i, client] of clients.entries()) {
      const from = Math.floor((i * SLOTS) / masters)
      const to = Math.floor(((i + 1) * SLOTS) / masters)
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`)
      await client.call('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => `${from + slot}`))
      if (i > 0) await client.call('CLUSTER', 'MEET', '127.0.0.1', `${first?.port}`)
    }
    for (const client of clients) {
      await eventually(async () => ((await agrees(client, masters)) ? true : undefined), 20_000, 'the cluster to agree')
    }
    return { servers, nodes: servers.map(({ port }) => ({ host: '127.0.0.1', port })), stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    for (const client of clients) client.disconnect()
  }
}

async function agrees(client: Redis, masters: number): Promise<boolean> {
  const info = String(await client.call('CLUSTER', 'INFO'))
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}`)
}
