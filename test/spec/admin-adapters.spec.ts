import { createServer, type RequestListener, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type AdminHandler, adminHandler, bearerToken, fastifyPlugin, nodeListener } from '../../src/admin/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { type Spec, useSpec } from './support.ts'

const TOKEN = 'a-token-of-some-length'
const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
const spec = useSpec(bed)
let world: Spec<'sqlite'>
let admin: AdminHandler
const undo: (() => unknown)[] = []

beforeEach(async () => {
  world = spec.cached()
  admin = adminHandler(world.prisma.$cache, { authorize: bearerToken(TOKEN), maxStreams: 1 })
  await world.prisma.tag.count()
  await world.prisma.$cache.settled()
})
afterEach(async () => {
  admin.close()
  for (const one of undo.splice(0)) await one()
})

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  undo.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Where the admin API is to be found. */
const servers: Record<string, () => Promise<string>> = {
  'node http': () => listen(nodeListener(admin)),
  'node http, under a path': async () => {
    admin.close()
    admin = adminHandler(world.prisma.$cache, {
      authorize: bearerToken(TOKEN),
      maxStreams: 1,
      basePath: '/admin/cache',
    })
    return `${await listen(nodeListener(admin))}/admin/cache`
  },
  Express: async () => {
    const app = express()
    app.use('/ops/cache', nodeListener(admin))
    return `${await listen(app)}/ops/cache`
  },
  'Express behind a body parser': async () => {
    const app = express()
    app.use(express.json())
    app.use('/ops/cache', nodeListener(admin))
    return `${await listen(app)}/ops/cache`
  },
  Fastify: async () => {
    const app = fastify({ forceCloseConnections: true })
    undo.push(() => app.close())
    app.post('/echo', async ({ body }) => body)
    await app.register(fastifyPlugin(admin), { prefix: '/ops/cache' })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    // The parsers of the rest are left alone.
    const echo = await fetch(`${url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '[1]',
    })
    expect(await echo.json()).toEqual([1])
    return `${url}/ops/cache`
  },
  Hono: async () => {
    admin.close()
    admin = adminHandler(world.prisma.$cache, { authorize: bearerToken(TOKEN), maxStreams: 1, basePath: '/ops/cache' })
    const app = new Hono()
    app.all('/ops/cache/*', (c) => admin(c.req.raw))
    return `${await listen(nodeListener(async (request) => app.fetch(request)))}/ops/cache`
  },
}

describe.each(Object.entries(servers))('the admin API behind %s', (_, start) => {
  const headers = { authorization: `Bearer ${TOKEN}` }
  const json = { ...headers, 'content-type': 'application/json' }

  it('looks, changes, refuses and shows its page', async () => {
    const { prisma } = world
    const url = await start()
    const keys = (await (await fetch(`${url}/keys?limit=5`, { headers })).json()) as { keys: string[] }
    expect(keys.keys).toHaveLength(1)
    const entry = await fetch(`${url}/keys/${encodeURIComponent(keys.keys[0]!)}`, { headers })
    expect(await entry.json()).toMatchObject({ key: keys.keys[0], model: 'Tag', operation: 'count' })
    expect((await fetch(`${url}/stats`)).status).toBe(401)
    expect((await fetch(`${url}/nothing`, { headers })).status).toBe(404)

    const body = JSON.stringify({ models: ['Tag'] })
    const changed = await fetch(`${url}/invalidate`, { method: 'POST', headers: json, body })
    expect(await changed.json()).toEqual({ tags: expect.any(Number), keys: 0 })
    const { info } = await prisma.$cache.withCacheInfo(prisma.tag.count())
    expect(info).toMatchObject({ status: 'miss', cause: 'invalidated' })
    const foreign = await fetch(`${url}/clear`, {
      method: 'POST',
      headers: { ...json, origin: 'http://evil.test' },
      body: '{}',
    })
    expect(foreign.status).toBe(403)
    expect(await (await fetch(`${url}/clear`, { method: 'POST', headers: json, body: '{}' })).json()).toEqual({
      keys: 1,
    })

    const page = await fetch(`${url}/`, { headers })
    expect([page.status, page.headers.get('content-security-policy')]).toEqual([
      200,
      expect.stringContaining("script-src 'self'"),
    ])
  })

  it('reads no more of a body than it may', async () => {
    const url = await start()
    const huge = JSON.stringify({ tags: [`x${'y'.repeat(300_000)}`] })
    const answer = await fetch(`${url}/invalidate`, { method: 'POST', headers: json, body: huge }).catch(
      () => undefined,
    )
    // A parser in front has limits of its own.
    expect(answer?.status).toBe(413)
  })

  it('streams events until who reads them goes', async () => {
    const { prisma } = world
    const url = await start()
    const aborted = new AbortController()
    const answer = await fetch(`${url}/events?types=hit`, { headers, signal: aborted.signal })
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    expect((await reader.read()).value).toMatch(/^: the events/)
    await prisma.tag.count()
    expect((await reader.read()).value).toMatch(/^event: hit\ndata: \{.*"model":"Tag".*\}\n\n$/)
    const other = () => fetch(`${url}/events`, { headers, signal: AbortSignal.timeout(5000) })
    expect((await other()).status).toBe(503)
    aborted.abort()
    await expect.poll(async () => (await other()).status, { interval: 20 }).toBe(200)
  })
})

describe('node http', () => {
  it.each(['//evil.test/stats', 'http://evil.test/stats', '*'])(
    'takes %s for no path of another host',
    async (path) => {
      const seen: string[] = []
      const url = await listen(
        nodeListener(async (request) => {
          seen.push(new URL(request.url).host)
          return new Response('ok')
        }),
      )
      const { hostname, port, host } = new URL(url)
      const status = await new Promise((resolve, reject) => {
        send({ hostname, port, path }, (answer) => resolve(answer.resume().statusCode))
          .on('error', reject)
          .end()
      })
      expect(status === 400 || seen.every((one) => one === host)).toBe(true)
    },
  )

  it('answers what is no request, and a handler that fails, without hanging', async () => {
    const url = await listen(nodeListener(() => Promise.reject(new Error('no'))))
    await expect(fetch(url)).rejects.toThrow()
    const { hostname, port } = new URL(url)
    const trace = await new Promise((resolve, reject) => {
      send({ hostname, port, method: 'TRACE' }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(trace).toBe(400)
  })
})

describe('the header `Host` says nothing of where a request goes', () => {
  const ask = (url: string, host: string, path: string, method = 'GET') =>
    new Promise<number>((resolve, reject) => {
      const headers = { host, authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
      const asking = send(new URL(url), { path, method, headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode ?? 0)
      })
      asking.on('error', reject).end(method === 'POST' ? '{}' : undefined)
    })

  it.each([
    'x/clear?',
    'x/clear#',
    'x/stats?',
    'x\\clear?',
    'user@x',
    'x/',
    '?',
    '#',
    'x y',
    '[::1',
    'x:99999999',
    '%2f',
  ])('is refused where it is no host: %s', async (host) => {
    const url = await listen(nodeListener(admin))
    expect(await ask(url, host, '/nothing', 'POST')).toBe(400)
    expect(await ask(url, host, '/nothing')).toBe(400)
    expect(await world.prisma.$cache.keys()).toHaveLength(1)
  })

  it.each(['localhost', '127.0.0.1:80', '[::1]:9090', 'ops.example.com', 'my_host:1', 'xn--bcher-kva.example'])(
    'is any host there is: %s',
    async (host) => {
      const url = await listen(nodeListener(admin))
      expect(await ask(url, host, '/stats')).toBe(200)
      expect(await ask(url, host, '/nothing')).toBe(404)
    },
  )
})
