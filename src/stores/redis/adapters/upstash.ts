import { ConnectionLostError, StoreUnavailableError } from '../../../errors.ts'
import type { RedisClient, Reply } from '../redis-client.ts'

/** The part of a client of `@upstash/redis` that tells it from others; it speaks HTTP. */
export interface UpstashClient {
  pipeline(...args: never[]): { exec(...args: never[]): Promise<unknown> }
  evalsha(...args: never[]): Promise<unknown>
  mget(...args: never[]): Promise<unknown>
}

/** The protocol of its REST interface: a list of commands to `/pipeline`, a list of replies back. */
interface Requester {
  request(request: { readonly path?: string[]; readonly body: unknown }): Promise<unknown>
}

interface RestReply {
  readonly result?: unknown
  readonly error?: string
}

export function isUpstash(client: object): client is UpstashClient {
  return typeof requesterOf(client)?.request === 'function'
}

function requesterOf(client: object): Requester | undefined {
  return (client as { readonly client?: Requester }).client
}

/**
 * A client of Upstash in the manner of ioredis. Each pipeline is one request, and each request stands for itself: there is
 * no connection that could be lost, and none on which the server could push.
 *
 * By its requester: the methods of the client read every reply as JSON, and an entry is a text.
 */
export function upstash(client: UpstashClient): RedisClient {
  const requester = requesterOf(client) as Requester
  const send = async (commands: readonly string[][]): Promise<Reply[]> => {
    let replies: unknown
    try {
      replies = await requester.request({ path: ['pipeline'], body: commands })
    } catch (error) {
      throw withoutValues(error)
    }
    if (!Array.isArray(replies)) throw new StoreUnavailableError('the REST interface answered with no list of replies')
    return (replies as RestReply[]).map(({ result, error }): Reply => {
      return error === undefined || error === null ? [null, result ?? null] : [new Error(error), null]
    })
  }
  return {
    pipeline: (commands) => ({ exec: () => send(commands) }),
    async call(command, ...args) {
      const [[error, result] = [null, null]] = await send([[command, ...args]])
      if (error) throw error
      return result
    },
    quit: async () => {},
    disconnect: () => {},
  }
}

/** Its errors quote the command, and with it what is stored. */
function withoutValues(error: unknown): Error {
  const { name = 'Error', message = '' } = error as Error
  const said = message.split(/, command was:/)[0] ?? ''
  return new ConnectionLostError(`the REST interface of Upstash: ${name}: ${said.slice(0, 200)}`)
}
