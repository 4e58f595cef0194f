import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { redisServerBinary } from '../support/server-binaries.ts'
import { type Container, container, PASSWORD, textOf } from './files.ts'

export interface DeployedRedis extends Omit<RedisServer, 'url'> {
  /** As the application is told it, without the password. */
  urlAt(port: number): string
  readonly container: Container
  /** Somebody who may do everything, which the deployment has nobody for. */
  readonly admin: Redis
}

/** Redis as `compose.yml` starts it: by its script, with its settings and its users, in a folder. */
export async function startDeployedRedis(args: readonly string[] = []): Promise<DeployedRedis> {
  const place = container()
  place.write('/run/secrets/redis_password', `${PASSWORD}\n`)
  place.write('/etc/redis/redis.conf', place.here(textOf('redis.conf')))
  place.write(
    '/etc/redis/users.acl',
    `${textOf('users.acl').trimEnd()}\nuser admin on >admin allkeys allchannels +@all\n`,
  )
  const script = place.here(textOf('start-redis.sh')).replace('exec redis-server', `exec ${await redisServerBinary()}`)
  place.write('/etc/redis/start-redis.sh', script)
  const server = await startRedis({ command: ['/bin/sh', place.path('/etc/redis/start-redis.sh')], args }).catch(
    (error: unknown) => {
      place.remove()
      throw error
    },
  )
  const admin = new Redis({ host: '127.0.0.1', port: server.port, username: 'admin', password: 'admin' })
  return {
    ...server,
    container: place,
    admin,
    urlAt: (port) => `redis://cache@127.0.0.1:${port}`,
    async stop() {
      admin.disconnect()
      await server.stop()
      place.remove()
    },
  }
}
