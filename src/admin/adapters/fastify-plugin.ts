import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AdminHandler } from '../admin-handler.ts'
import { nodeListener } from './node-listener.ts'

/** What of Fastify is used. */
interface Fastify {
  readonly prefix: string
  removeAllContentTypeParsers(): void
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (e: null) => void) => void,
  ): void
  all(path: string, handler: (request: FastifyRequest, reply: FastifyReply) => void): void
}
interface FastifyRequest {
  readonly raw: IncomingMessage
}
interface FastifyReply {
  readonly raw: ServerResponse
  hijack(): void
}

/** `app.register(fastifyPlugin(admin), { prefix: '/admin/cache' })` */
export function fastifyPlugin(handler: AdminHandler): (app: unknown) => Promise<void> {
  return async (given) => {
    const app = given as Fastify
    const { prefix } = app
    const listener = nodeListener((request) => handler(request, { basePath: prefix }))
    // Of this plugin alone: the body is read by the handler, no further than it may be.
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    const pass = ({ raw }: FastifyRequest, reply: FastifyReply) => {
      reply.hijack()
      listener(raw, reply.raw)
    }
    app.all('/', pass)
    app.all('/*', pass)
  }
}
