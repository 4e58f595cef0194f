import type { CacheInfo } from '../../control/cache-info.ts'
import { decide, OF_THE_BODY } from '../decide.ts'
import { ended } from '../ended.ts'
import { type HttpCacheOptions, type HttpCacheSource, httpSettings } from '../options.ts'

/** What of Fastify is used. */
interface Fastify {
  addHook(name: 'onRequest', hook: (request: FastifyRequest, reply: FastifyReply, done: () => void) => void): void
  addHook(
    name: 'onSend',
    hook: (
      request: FastifyRequest,
      reply: FastifyReply,
      payload: unknown,
      done: (error: null, payload: unknown) => void,
    ) => void,
  ): void
}
interface FastifyRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}
interface FastifyReply {
  statusCode: number
  readonly raw: Parameters<typeof ended>[0]
  getHeader(name: string): unknown
  header(name: string, value: string): unknown
  removeHeader(name: string): unknown
}

/**
 * `app.register(fastifyCache(prisma.$cache))`. For all routes, also those outside of the plugin.
 *
 * @throws CacheConfigError for options that are none.
 */
export function fastifyCache(cache: HttpCacheSource, options: HttpCacheOptions = {}): (app: unknown) => Promise<void> {
  const settings = httpSettings(cache, options, 'fastifyCache')
  const readsOf = new WeakMap<FastifyRequest, readonly CacheInfo[]>()

  async function plugin(given: unknown): Promise<void> {
    const app = given as Fastify
    app.addHook('onRequest', (request, reply, done) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') return done()
      void cache.collectCacheInfo((reads) => {
        readsOf.set(request, reads)
        done()
        return ended(reply.raw)
      })
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      const reads = readsOf.get(request)
      if (!reads) return done(null, payload)
      const { headers, notModified } = decide(
        {
          method: request.method,
          path: request.url.split('?', 1)[0] as string,
          asked: (name) => textOf(request.headers[name]),
          status: reply.statusCode,
          has: (name) => textOf(reply.getHeader(name)),
          reads,
          body: typeof payload === 'string' || payload instanceof Uint8Array ? payload : undefined,
        },
        settings,
      )
      for (const [name, value] of headers) reply.header(name, value)
      if (!notModified) return done(null, payload)
      reply.statusCode = 304
      for (const name of OF_THE_BODY) reply.removeHeader(name)
      destroy(payload)
      done(null, null)
    })
  }
  // As of `fastify-plugin`: hooks are those of the application, not of a context of the plugin's own.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true })
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value)
}

/** A stream that nobody reads would keep what it reads from. */
function destroy(payload: unknown): void {
  const stream = payload as { destroy?: unknown } | null | undefined
  if (typeof stream?.destroy === 'function') stream.destroy()
}
