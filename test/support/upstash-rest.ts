import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'

/** Upstash's REST interface before a real Redis. */
export interface UpstashRest {
  readonly url: string
  readonly token: string
  /** How many requests there were. */
  readonly requests: number
  stop(): Promise<void>
}

type Reply = { readonly result: unknown } | { readonly error: string }

/**
 * As it is documented: a command is a JSON list that is posted to `/`, a list of commands is posted to `/pipeline`; the answer
 * is `{ result }` or `{ error }`, or a list of these. With `Upstash-Encoding: base64` texts in results are in base64.
 */
export async function startUpstashRest(redisUrl: string): Promise<UpstashRest> {
  const redis = new Redis(redisUrl)
  const token = 'a-token'
  let requests = 0

  async function run(command: readonly unknown[], encode: (result: unknown) => unknown): Promise<Reply> {
    const [name = '', ...args] = command.map(String)
    try {
      return { result: encode(await redis.call(name, ...args)) }
    } catch (error) {
      return { error: (error as Error).message }
    }
  }

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    if (request.headers.authorization !== `Bearer ${token}`) return { status: 401, body: { error: 'Unauthorized' } }
    const encode = request.headers['upstash-encoding'] === 'base64' ? inBase64 : (result: unknown) => result
    const body = JSON.parse(await textOf(request))
    if (request.url === '/') {
      const reply = await run(body, encode)
      return { status: 'error' in reply ? 400 : 200, body: reply }
    }
    if (request.url !== '/pipeline') return { status: 404, body: { error: 'no such path' } }
    // Sent at once, on one connection: they run in their order.
    return { status: 200, body: await Promise.all((body as unknown[][]).map((command) => run(command, encode))) }
  }

  const server = createServer(async (request, response) => {
    requests += 1
    const { status, body } = await answer(request).catch((error) => ({ status: 500, body: { error: String(error) } }))
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    get requests() {
      return requests
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      redis.disconnect()
    },
  }
}

/** But for what stands for a status. */
function inBase64(result: unknown): unknown {
  if (Array.isArray(result)) return result.map(inBase64)
  if (typeof result !== 'string' || result === 'OK') return result
  return Buffer.from(result).toString('base64')
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
