import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  type Server,
  ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, describe, expect, it } from 'vitest'
import { expressCache, fastifyCache, type HttpCacheOptions, honoCache, webCache } from '../../src/http/index.ts'
import type { CacheControl } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { useSpec } from './support.ts'

/** What an application does for a request; each framework is made to do it in its own way. */
interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON. */
  readonly body?: object | string
  /** Sent piece by piece, with pauses. */
  readonly stream?: readonly string[]
}
type Routes = Readonly<Record<string, () => Promise<Reply> | Reply>>
type Send = (path: string, init?: RequestInit) => Promise<Response>

const endings: (() => unknown)[] = []
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end()
})

async function listening(server: Server): Promise<Send> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endings.push(() => new Promise((resolve) => server.close(resolve)))
  const { port } = server.address() as AddressInfo
  return (path, init) =>
    fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { connection: 'close', ...init?.headers } })
}

const pieces = (body: readonly string[]) =>
  new ReadableStream({
    async start(controller) {
      for (const piece of body) {
        controller.enqueue(new TextEncoder().encode(piece))
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      controller.close()
    },
  })

function webReply({ status = 200, headers = {}, body = '', stream }: Reply): Response {
  if (stream) return new Response(pieces(stream), { status, headers })
  return typeof body === 'string' ? new Response(body, { status, headers }) : Response.json(body, { status, headers })
}

/** Starts the routes behind a framework with our middleware in it. */
const frameworks: Record<string, (cache: CacheControl, options: HttpCacheOptions, routes: Routes) => Promise<Send>> = {
  async Express(cache, options, routes) {
    const app = express()
    app.use(expressCache(cache, options))
    for (const [path, run] of Object.entries(routes)) {
      app.all(path, async (_, response) => {
        const { status = 200, headers = {}, body = '', stream }: Reply = await run()
        response.status(status).set(headers)
        if (!stream) return void response.send(body)
        for (const piece of stream) {
          response.write(piece)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        response.end()
      })
    }
    return listening(createServer(app))
  },
  async Fastify(cache, options, routes) {
    const app = Fastify()
    await app.register(fastifyCache(cache, options))
    for (const [path, run] of Object.entries(routes)) {
      app.route({
        method: ['GET', 'HEAD', 'POST'],
        url: path,
        async handler(_, reply) {
          const { status = 200, headers = {}, body = '', stream }: Reply = await run()
          reply.code(status).headers(headers)
          return stream ? pieces(stream) : body
        },
      })
    }
    await app.listen({ port: 0, host: '127.0.0.1' })
    endings.push(() => app.close())
    const { port } = app.server.address() as AddressInfo
    return (path, init) =>
      fetch(`http://127.0.0.1:${port}${path}`, { ...init, headers: { connection: 'close', ...init?.headers } })
  },
  async Hono(cache, options, routes) {
    const app = new Hono()
    app.use(honoCache(cache, options))
    for (const [path, run] of Object.entries(routes)) {
      app.on(['GET', 'POST'], path, async (context) => {
        const { status = 200, headers = {}, body = '', stream }: Reply = await run()
        for (const [name, value] of Object.entries(headers)) context.header(name, value)
        context.status(status as 200)
        if (stream) return context.body(pieces(stream))
        return typeof body === 'string' ? context.text(body) : context.json(body)
      })
    }
    return async (path, init) => app.request(path, init)
  },
  async 'web requests'(cache, options, routes) {
    const handler = webCache(
      cache,
      options,
    )(async (request) => {
      const run = routes[new URL(request.url).pathname]
      return run ? webReply(await run()) : new Response('no', { status: 404 })
    })
    return (path, init) => handler(new Request(`http://localhost${path}`, init))
  },
  async 'plain node:http'(cache, options, routes) {
    const middleware = expressCache(cache, options)
    const server = createServer((request, response) => {
      middleware(request, response, async () => {
        const {
          status = 200,
          headers = {},
          body = '',
          stream,
        }: Reply = (await routes[request.url as string]?.()) ?? { status: 404 }
        response.statusCode = status
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
        if (!stream) return void response.end(typeof body === 'string' ? body : JSON.stringify(body))
        for (const piece of stream) {
          response.write(piece)
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
        response.end()
      })
    })
    return listening(server)
  },
}

const combinations = [
  ['Express', 'redis'],
  ['Fastify', 'memory'],
  ['Hono', 'redis'],
  ['web requests', 'memory'],
  ['plain node:http', 'memory'],
] as const

describe.each(combinations)('responses of %s (%s)', (framework, store) => {
  const start = frameworks[framework] ?? expect.unreachable()
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store })
  const spec = useSpec(bed)

  async function app(options: HttpCacheOptions = {}, more: Routes = {}) {
    const { prisma, clock } = spec.cached({ defaults: { ttl: 60, swr: 60, jitter: 0 } })
    const tags = async () => ({ body: await prisma.tag.findMany({ orderBy: { name: 'asc' } }) })
    const send = await start(prisma.$cache, options, {
      '/tags': tags,
      '/static': () => ({ body: 'as ever' }),
      ...more,
    })
    return { prisma, clock, send }
  }
  const shown = ({ status, headers }: Response) => ({
    status,
    cache: headers.get('x-cache'),
    age: headers.get('age'),
    control: headers.get('cache-control'),
  })

  it('say what the cache did, how old the answer is, and that nobody else may keep it', async () => {
    const { prisma, clock, send } = await app()
    const control = 'private, no-cache'
    expect(shown(await send('/tags'))).toEqual({ status: 200, cache: 'MISS', age: null, control })
    await prisma.$cache.settled()
    clock.advance(5500)
    expect(shown(await send('/tags'))).toEqual({ status: 200, cache: 'HIT', age: '5', control })
    clock.advance(60_000)
    expect(shown(await send('/tags'))).toEqual({ status: 200, cache: 'STALE', age: '65', control })
    await prisma.$cache.settled()
    expect(shown(await send('/static'))).toEqual({ status: 200, cache: null, age: null, control })
  })

  it('have a strong tag, and are 304 without a body until a write changes them', async () => {
    const { prisma, send } = await app()
    const first = await send('/tags')
    const etag = first.headers.get('etag') as string
    expect(etag).toMatch(/^"[^"]+"$/)
    const body = (await first.json()) as object[]
    const asked = { headers: { 'if-none-match': etag } }
    const again = await send('/tags', asked)
    expect([again.status, again.headers.get('etag'), await again.text()]).toEqual([304, etag, ''])
    expect(shown(again)).toMatchObject({ cache: 'HIT', control: 'private, no-cache' })
    expect([again.headers.get('content-type'), again.headers.get('transfer-encoding')]).toEqual([null, null])
    await prisma.tag.create({ data: { name: 'black' } })
    const changed = await send('/tags', asked)
    expect([changed.status, changed.headers.get('x-cache')]).toEqual([200, 'MISS'])
    expect(changed.headers.get('etag')).not.toBe(etag)
    expect(await changed.json()).toEqual([{ name: 'black', color: 'grey' }, ...body])
  })

  it('are compared with tags as RFC 9110 says: weakly, in lists, `*` for any', async () => {
    const { send } = await app()
    const etag = (await send('/static')).headers.get('etag') as string
    const statusFor = async (field: string) => (await send('/static', { headers: { 'if-none-match': field } })).status
    expect(await statusFor(`W/${etag}`)).toBe(304)
    expect(await statusFor(`"other", ${etag} ,W/"more"`)).toBe(304)
    expect(await statusFor('*')).toBe(304)
    expect(await statusFor('"other"')).toBe(200)
    expect(await statusFor(etag.slice(1, -1))).toBe(200)
    expect(await statusFor('')).toBe(200)
  })

  it('to HEAD are told by the same headers as to GET', async () => {
    const { send } = await app()
    const get = await send('/static')
    const head = await send('/static', { method: 'HEAD' })
    expect(shown(head)).toEqual(shown(get))
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'))
    const etag = get.headers.get('etag') as string
    const again = await send('/static', { method: 'HEAD', headers: { 'if-none-match': etag } })
    expect(again.status).toBe(304)
  })

  it('of anything but a successful GET are left as they are', async () => {
    let posts = 0
    const { prisma, send } = await app(
      { policy: { ttl: 60 } },
      {
        '/missing': async () => {
          await prisma.tag.count()
          return { status: 404, body: 'no such tag' }
        },
        '/post': async () => {
          await prisma.tag.count()
          posts += 1
          return { body: 'done' }
        },
        '/moved': () => ({ status: 302, headers: { location: '/tags' } }),
      },
    )
    await send('/missing')
    const missing = await send('/missing', { headers: { 'if-none-match': '*' } })
    expect([missing.status, missing.headers.get('cache-control'), missing.headers.get('age')]).toEqual([
      404,
      null,
      null,
    ])
    expect(missing.headers.get('x-cache')).toBe('HIT')
    expect(await missing.text()).toBe('no such tag')
    const post = await send('/post', { method: 'POST', headers: { 'if-none-match': '*' } })
    expect([post.status, await post.text(), posts]).toEqual([200, 'done', 1])
    expect(shown(post)).toMatchObject({ cache: null, control: null })
    const moved = await send('/moved', { redirect: 'manual' })
    expect([moved.status, moved.headers.get('cache-control'), moved.headers.get('etag')]).toEqual([
      302,
      null,
      expect.toSatisfy((tag) => tag === null || framework === 'Express'),
    ])
  })

  it('keep what the application has set', async () => {
    const { send } = await app(
      { vary: ['Accept-Language', 'Origin'] },
      {
        '/own': () => ({
          headers: {
            'cache-control': 'public, max-age=7',
            etag: '"mine"',
            vary: 'Origin',
            age: '3',
            'x-cache': 'edge',
          },
          body: 'own',
        }),
        '/never': () => ({ headers: { 'cache-control': 'no-store' }, body: 'secret' }),
      },
    )
    const own = await send('/own')
    expect(shown(own)).toEqual({ status: 200, cache: 'edge', age: '3', control: 'public, max-age=7' })
    expect([own.headers.get('etag'), own.headers.get('vary')]).toEqual(['"mine"', 'Origin, Accept-Language'])
    expect((await send('/own', { headers: { 'if-none-match': '"mine"' } })).status).toBe(304)
    const never = await send('/never', { headers: { 'if-none-match': '*' } })
    expect([never.status, await never.text()]).toEqual([200, 'secret'])
  })

  it('that stream are passed on as they come, with what is known by then', async () => {
    const { prisma, send } = await app(
      {},
      {
        '/stream': async () => {
          await prisma.tag.count()
          return { stream: ['one ', 'two ', 'three'] }
        },
      },
    )
    await send('/stream').then((response) => response.text())
    await prisma.$cache.settled()
    const response = await send('/stream', { headers: { 'if-none-match': '*' } })
    expect(response.headers.get('etag')).toBeNull()
    expect(response.headers.get('x-cache')).toBe('HIT')
    expect(['one two three', '']).toContain(await response.text())
  })

  it('count from when the database was asked: what is left is `max-age` less `Age`', async () => {
    const { prisma, clock, send } = await app(
      { policy: { ttl: 'remaining' } },
      {
        '/both': async () => ({
          body: [await prisma.tag.count(), await prisma.user.count({ cache: { ttl: 20 } })],
        }),
        '/mixed': async () => ({ body: [await prisma.tag.count(), await prisma.user.count({ cache: false })] }),
      },
    )
    expect(shown(await send('/both'))).toMatchObject({ cache: 'MISS', age: null, control: 'private, max-age=20' })
    await prisma.$cache.settled()
    clock.advance(5000)
    expect(shown(await send('/both'))).toMatchObject({ cache: 'HIT', age: '5', control: 'private, max-age=20' })
    clock.advance(14_500)
    expect(shown(await send('/both'))).toMatchObject({ age: '19', control: 'private, no-cache' })
    clock.advance(10_000)
    expect(shown(await send('/both'))).toMatchObject({ cache: 'STALE', control: 'private, no-cache' })
    await prisma.$cache.settled()
    expect(shown(await send('/mixed'))).toMatchObject({ cache: 'BYPASS', control: 'private, no-cache' })
    expect(shown(await send('/static'))).toMatchObject({ cache: null, control: 'private, no-cache' })
  })

  it('have the policy of their path, the first that matches', async () => {
    const ok = () => ({ body: 'ok' })
    const routes = {
      '/products/hot': 'no-store',
      '/products/*': { scope: 'public', ttl: 60, swr: 30 },
      '*.txt': false,
    } as const
    const paths = { '/products/hot': ok, '/products/1': ok, '/robots.txt': ok, '/other': ok }
    const { send } = await app({ routes, policy: { ttl: 5 } }, { ...paths, '/cookie': ok })
    const controlOf = async (path: string, headers = {}) => (await send(path, { headers })).headers.get('cache-control')
    expect(await controlOf('/products/hot')).toBe('no-store')
    expect((await send('/products/hot')).headers.get('etag')).toSatisfy(
      (tag) => tag === null || framework === 'Express',
    )
    expect(await controlOf('/products/1')).toBe('public, max-age=60, stale-while-revalidate=30')
    if (framework !== 'plain node:http')
      expect(await controlOf('/products/1?page=2')).toBe('public, max-age=60, stale-while-revalidate=30')
    expect(await controlOf('/robots.txt')).toBeNull()
    expect(await controlOf('/other')).toBe('private, max-age=5')
    // What one was shown because of who he is, is not for everybody.
    expect(await controlOf('/products/1', { authorization: 'Bearer x' })).toBe(
      'private, max-age=60, stale-while-revalidate=30',
    )
  })

  it('that set a cookie are for one', async () => {
    const cookie = () => ({ headers: { 'set-cookie': 'session=1' }, body: 'ok' })
    const { send } = await app({ policy: { scope: 'public', ttl: 60 } }, { '/cookie': cookie })
    expect((await send('/cookie')).headers.get('cache-control')).toBe('private, max-age=60')
  })

  it('may have another name for it, a weak tag, or neither', async () => {
    const { send } = await app({ header: 'X-Prisma-Cache', etag: 'weak' })
    const response = await send('/tags')
    expect([response.headers.get('x-prisma-cache'), response.headers.get('x-cache')]).toEqual(['MISS', null])
    expect(response.headers.get('etag')).toMatch(/^W\//)
    const { send: plain } = await app({ header: false, etag: false, policy: false, maxBytes: 0 })
    const bare = await plain('/tags')
    expect(shown(bare)).toMatchObject({ cache: null, control: null })
    // Express has its own.
    expect(bare.headers.get('etag')).toSatisfy((tag: string | null) => tag === null || framework === 'Express')
  })

  it('keep requests apart that run side by side', async () => {
    const { prisma, send } = await app(
      {},
      {
        '/hit': async () => ({
          body: (await prisma.user.findUnique({ where: { id: 1 }, select: { id: true } })) ?? '',
        }),
        '/bypass': async () => ({ body: await prisma.tag.findMany({ cache: false }) }),
      },
    )
    await send('/hit')
    await prisma.$cache.settled()
    const paths = Array.from({ length: 20 }, (_, i) => (i % 2 ? '/hit' : '/bypass'))
    const seen = await Promise.all(paths.map(async (path) => (await send(path)).headers.get('x-cache')))
    expect(seen).toEqual(paths.map((path) => path.slice(1).toUpperCase()))
  })
})

describe('a middleware in front of node:http', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)
  async function served(answer: (request: IncomingMessage, response: ServerResponse) => unknown) {
    const { prisma } = spec.cached()
    await prisma.tag.count()
    await prisma.$cache.settled()
    const middleware = expressCache(prisma.$cache)
    const server = createServer((request, response) => {
      middleware(request, response, async () => {
        await prisma.tag.count()
        await answer(request, response)
      })
    })
    return listening(server)
  }

  it.each<[string, OutgoingHttpHeaders | OutgoingHttpHeader[]]>([
    ['an object', { 'Content-Type': 'text/x', 'Cache-Control': 'max-age=9' }],
    ['a list', ['Content-Type', 'text/x', 'Cache-Control', 'max-age=9']],
  ])('counts headers given to writeHead as set: %s', async (_, given) => {
    const send = await served((_request, response) =>
      response.writeHead(200, 'Fine', given as OutgoingHttpHeaders).end('x'),
    )
    const { headers, statusText } = await send('/')
    expect([headers.get('content-type'), headers.get('cache-control'), headers.get('x-cache'), statusText]).toEqual([
      'text/x',
      'max-age=9',
      'HIT',
      'Fine',
    ])
  })

  it('tags bytes, and text in the encoding that is sent', async () => {
    const bytes = await served((_request, response) => response.end(Buffer.from('grün')))
    const text = await served((_request, response) => response.end('grün', 'utf8'))
    const latin = await served((_request, response) => response.end('grün', 'latin1'))
    const tags = await Promise.all([bytes, text, latin].map(async (send) => (await send('/')).headers.get('etag')))
    expect(tags).toEqual([expect.any(String), tags[0], null])
  })

  it('weakens the tag of what another middleware encodes', async () => {
    const { prisma } = spec.cached()
    const app = express()
    app.use(expressCache(prisma.$cache))
    app.use((_request, response, next) => {
      const { writeHead } = response
      response.writeHead = ((...given: [number]) => {
        response.setHeader('content-encoding', 'br')
        return writeHead.apply(response, given)
      }) as typeof writeHead
      next()
    })
    app.get('/', (_request, response) => void response.send('text'))
    const send = await listening(createServer(app))
    const etag = (await send('/', { method: 'HEAD' })).headers.get('etag') as string
    expect(etag).toMatch(/^W\//)
    expect((await send('/', { headers: { 'if-none-match': etag } })).status).toBe(304)
  })

  it('leaves an error to whoever is called with it, once', async () => {
    const { prisma } = spec.cached()
    let calls = 0
    const next = () => {
      calls += 1
      throw new Error('mine')
    }
    const message = { method: 'GET', headers: {}, url: '/' } as IncomingMessage
    const response = new ServerResponse(message)
    expect(() => expressCache(prisma.$cache)(message, response, next)).toThrow('mine')
    expect(calls).toBe(1)
  })
})

describe('options', () => {
  const cache = { collectCacheInfo: () => expect.unreachable() } as unknown as CacheControl
  it.each<[string, () => unknown, RegExp]>([
    ['no cache', () => webCache(undefined as never), /`webCache`.*undefined.*prisma\.\$cache/],
    ['an unknown one', () => honoCache(cache, { ttl: 5 } as never), /`honoCache\.ttl`/],
    ['a policy of another kind', () => expressCache(cache, { policy: 5 as never }), /`expressCache\.policy`.*got 5/],
    ['an unknown scope', () => expressCache(cache, { policy: { scope: 'shared' as never } }), /\.scope`.*"shared"/],
    ['a time that is none', () => fastifyCache(cache, { policy: { ttl: -1 } }), /\.ttl`.*-1/],
    ['a text that is two headers', () => webCache(cache, { policy: 'no-store\r\nX: y' }), /`webCache\.policy`/],
    ['a path without a slash', () => webCache(cache, { routes: { products: false } }), /`webCache\.routes`.*slash/],
    ['a list that is none', () => webCache(cache, { vary: 'Origin' as never }), /`webCache\.vary`/],
    ['a header that is none', () => webCache(cache, { header: 'X Cache' }), /`webCache\.header`.*"X Cache"/],
    ['a tag of another kind', () => webCache(cache, { etag: true as never }), /`webCache\.etag`.*true/],
  ])('refuse %s, in words', (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ name: 'CacheConfigError' }))
    expect(make).toThrow(message)
  })
})
