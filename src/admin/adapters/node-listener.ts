import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminMount } from '../admin-handler.ts'

/** A name, an IPv4 or an IPv6 address, with a port or without. */
const HOST = /^(?:[\w.~-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

type WebHandler = (request: Request, mount?: AdminMount) => Promise<Response>

/** What Express and its like add to a request. */
interface MountedMessage extends IncomingMessage {
  readonly originalUrl?: string
  readonly baseUrl?: string
  /** What a body parser in front has made of the body. */
  readonly body?: unknown
}

/**
 * For `http.createServer`, and as a middleware of Express and Connect: `app.use('/admin/cache', nodeListener(admin))`.
 * Where it is mounted need not be said there.
 */
export function nodeListener(handler: WebHandler): (message: IncomingMessage, response: ServerResponse) => void {
  return (message, response) => {
    answerWith(handler, message, response).catch(() => response.destroy())
  }
}

async function answerWith(handler: WebHandler, message: MountedMessage, response: ServerResponse): Promise<void> {
  const ended = new AbortController()
  response.on('close', () => ended.abort())
  const request = requestOf(message, ended.signal)
  if (!request) {
    response.writeHead(400, { 'content-type': 'text/plain', connection: 'close' }).end('not a request')
    return
  }
  const { baseUrl } = message
  await send(await handler(request, baseUrl ? { basePath: baseUrl } : {}), response)
}

function requestOf(message: MountedMessage, signal: AbortSignal): Request | undefined {
  const { method = 'GET', headers } = message
  const path = message.originalUrl ?? message.url ?? '/'
  const scheme = (message.socket as { encrypted?: boolean }).encrypted ? 'https' : 'http'
  const { host = 'localhost' } = headers
  // Put together, not resolved: `//host/path` would name another host. And nothing of the host may be read as a path.
  const url = `${scheme}://${host}${path}`
  if (!HOST.test(host) || !path.startsWith('/') || !URL.canParse(url)) return undefined
  const hasBody = method !== 'GET' && method !== 'HEAD'
  try {
    return new Request(url, {
      method,
      headers: Object.entries(headers).flatMap(([name, value]): [string, string][] =>
        value === undefined || name.startsWith(':') ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
      ),
      signal,
      ...(hasBody && { body: bodyOf(message), duplex: 'half' }),
    } as RequestInit)
  } catch {
    return undefined
  }
}

function bodyOf(message: MountedMessage): string | ReadableStream<Uint8Array> {
  // A parser in front has read it; what it made of it is JSON again.
  if (message.readableEnded && message.body !== undefined) return JSON.stringify(message.body)
  const chunks = (message as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  // Read as it is asked for, and left where it is when nobody asks: to destroy it would take the answer's socket with it.
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

async function send(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (!answer.body) {
    response.end()
    return
  }
  response.flushHeaders()
  const reader = answer.body.getReader()
  response.on('close', () => void reader.cancel().catch(() => {}))
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    // A reader that is slow keeps us from reading on, and the stream behind us counts what it leaves out.
    if (!response.write(next.value) && !response.destroyed) {
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
    if (response.destroyed) return
  }
  response.end()
}
