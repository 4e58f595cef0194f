import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { type Activity, type AdminOptions, adminHandler, bearerToken } from '../../src/admin/index.ts'
import type { CacheEvent, CacheOptions, EntryInfo, StoreInfo } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { startRedis } from '../support/redis-server.ts'
import { did, useSpec } from './support.ts'

const TOKEN = 'a-token-of-some-length'
const READ_ONLY = 'another-token-for-looking'
const authorize = (request: Request) =>
  bearerToken(TOKEN, { actor: 'ada' })(request) || bearerToken(READ_ONLY, { readOnly: true })(request)

interface KeyPage {
  readonly keys: readonly string[]
  readonly cursor: string | null
}

const VIEWS = [
  '/stats',
  '/advice',
  '/activity',
  '/info',
  '/keys',
  '/keys/User:count:x',
  '/health',
  '/metrics',
  '/events',
  '/nothing',
]
const CHANGES = ['/invalidate', '/clear', '/nothing']

for (const store of ['memory', 'redis'] as const) {
  describe(`the admin API (${store})`, () => {
    const bed = useTestBed({ provider: 'sqlite', generator: store === 'memory' ? 'ts' : 'js', store })
    const spec = useSpec(bed)

    function open(admin: Partial<AdminOptions> = {}, cache: CacheOptions = {}) {
      const world = spec.cached(cache)
      const { prisma, clock } = world
      const handler = adminHandler(prisma.$cache, { authorize, clock: clock.now, ...admin })
      const ask = (path: string, init: RequestInit & { readonly token?: string } = {}) =>
        handler(
          new Request(`http://ops.test${path}`, {
            ...init,
            headers: { authorization: `Bearer ${init.token ?? TOKEN}`, ...init.headers },
          }),
        )
      const post = (path: string, body: unknown = {}, headers = {}) =>
        ask(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: typeof body === 'string' ? body : JSON.stringify(body),
        })
      const json = async <Answer = object>(path: string) => (await (await ask(path)).json()) as Answer
      return { ...world, handler, ask, post, json }
    }
    const audits = (events: readonly CacheEvent[]) => events.filter(({ type }) => type === 'admin')

    it('lets nobody in whom `authorize` does not let in, whatever they ask for', async () => {
      const { handler, ask, prisma } = open()
      await prisma.user.count()
      await prisma.$cache.settled()
      const requests = [
        ...VIEWS.map((path) => new Request(`http://ops.test${path}`)),
        ...CHANGES.map((path) => new Request(`http://ops.test${path}`, { method: 'POST', body: '{}' })),
      ]
      for (const request of requests) {
        const answer = await handler(request)
        expect(answer.status, request.url).toBe(401)
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
        expect(await answer.json()).toEqual({ error: { code: 'not-authorized', message: 'Not authorized.' } })
      }
      for (const token of ['', 'x', `${TOKEN}x`, TOKEN.slice(0, -1), TOKEN.toUpperCase()]) {
        expect((await ask('/stats', { token })).status, token).toBe(401)
      }
      expect((await handler(new Request('http://ops.test/stats', { headers: { authorization: TOKEN } }))).status).toBe(
        401,
      )
      expect(await prisma.$cache.keys()).toHaveLength(1)
    })

    it('takes an `authorize` that fails for a no, and tells of it', async () => {
      const { ask, events } = open({
        authorize: () => {
          throw new Error('the directory is down')
        },
      })
      const answer = await ask('/stats')
      expect(answer.status).toBe(403)
      expect(await answer.text()).not.toContain('directory')
      expect(events).toContainEqual({ type: 'error', during: 'admin', error: new Error('the directory is down') })
    })

    it('stats tells what was counted, and which process says so', async () => {
      const { prisma, json } = open()
      await prisma.user.count()
      await prisma.user.count()
      expect(await json('/stats')).toMatchObject({
        process: { pid: process.pid },
        readOnly: false,
        showValues: false,
        stats: { totals: { hit: 1, miss: 1 }, hitRatio: 0.5, models: { User: { count: { hit: 1 } } } },
      })
    })

    it('advice tells whoever may look how forms of reads fare, without a value', async () => {
      const { prisma, ask } = open()
      for (let i = 0; i < 3; i += 1) await prisma.user.findMany({ where: { email: 'ada@example.test' } })
      const answer = await ask('/advice', { token: READ_ONLY })
      expect(answer.status).toBe(200)
      const text = await answer.text()
      expect(JSON.parse(text)).toMatchObject({
        forms: [{ model: 'User', form: 'where{email}', verdict: 'too-few-reads', hits: 2, misses: 1 }],
        uncached: [],
      })
      expect(text).not.toContain('ada@')
    })

    it('keys come by pattern, and a page at a time', async () => {
      const { prisma, json, prefix } = open()
      for (let id = 0; id < 15; id += 1) await prisma.user.findUnique({ where: { id } })
      await prisma.tag.count()
      await prisma.$cache.settled()
      expect((await json<KeyPage>('/keys?pattern=Tag:*')).keys).toEqual([
        expect.stringMatching(new RegExp(`^${prefix}query:Tag:count:`)),
      ])
      const seen = new Set<string>()
      let cursor: string | null = ''
      while (cursor !== null) {
        const page: KeyPage = await json(`/keys?limit=10&cursor=${cursor}`)
        for (const key of page.keys) seen.add(key)
        cursor = page.cursor
      }
      expect(seen.size).toBe(16)
    })

    it('an entry is told about, and shown to whom `showValues` allows it', async () => {
      const { prisma, json, ask, handler } = open()
      const { info } = await prisma.$cache.withCacheInfo(
        prisma.user.findMany({ where: { id: 1 }, select: { id: true, email: true }, cache: { key: 'a/b ü%' } }),
      )
      await prisma.$cache.settled()
      const key = (info as { key: string }).key
      const path = `/keys/${encodeURIComponent(key)}`
      const told = { key, model: 'User', operation: 'findMany', bytes: expect.any(Number), lastInvalidation: null }
      expect(await json(path)).toMatchObject({ ...told, freshForMs: 60_000, versions: expect.any(Array) })
      expect(await (await ask(path)).text()).not.toContain('ada@')
      handler.close()
      const showing = adminHandler(prisma.$cache, { authorize: () => true, showValues: true })
      const short = `/keys/${encodeURIComponent(key.slice(key.indexOf('User:')))}`
      expect(await (await showing(new Request(`http://ops.test${short}`))).json()).toMatchObject({
        ...told,
        value: { isShown: true, shape: '1 × { id, email }', value: [{ id: 1, email: 'ada@example.test' }] },
      })
      showing.close()
      expect((await ask('/keys/User:count:none')).status).toBe(404)
    })

    it('entries of models with fields that must not be stored stay hidden', async () => {
      const { prisma, json } = open({ showValues: true }, { models: { User: { neverCache: ['email'] } } })
      await prisma.user.findMany({ select: { id: true, name: true } })
      await prisma.$cache.settled()
      const [key] = await prisma.$cache.keys()
      const entry = await json<EntryInfo>(`/keys/${encodeURIComponent(key!)}`)
      expect(entry.value).toEqual({ isShown: false, because: 'sensitive-model' })
      expect(JSON.stringify(entry)).not.toContain('Ada')
    })

    it('invalidates by tags, models, keys and patterns, as $cache does', async () => {
      const { prisma, post } = open()
      const tagged = () => prisma.user.count({ cache: { tags: ['team'] } })
      const read = () => prisma.tag.count()
      const targets: [object, () => PromiseLike<unknown>][] = [
        [{ tags: ['team'] }, tagged],
        [{ models: ['User'], soft: false }, tagged],
        [{ pattern: 'Tag:*' }, read],
      ]
      for (const [target, again] of targets) {
        await again()
        await prisma.$cache.settled()
        expect(await did(prisma, again())).toBe('hit')
        const answer = await post('/invalidate', target)
        expect(answer.status).toBe(200)
        expect(await answer.json()).toEqual({ tags: expect.any(Number), keys: expect.any(Number) })
        expect(await did(prisma, again()), JSON.stringify(target)).toBe('miss')
      }
      await read()
      await prisma.$cache.settled()
      const [key] = await prisma.$cache.keys({ pattern: 'Tag:*' })
      expect(await (await post('/invalidate', { keys: [key] })).json()).toEqual({ tags: 0, keys: 1 })
    })

    it('invalidates softly', async () => {
      const { prisma, post } = open()
      await prisma.tag.count()
      await prisma.$cache.settled()
      expect((await post('/invalidate', { models: ['Tag'], soft: true, grace: 60 })).status).toBe(200)
      expect(await did(prisma, prisma.tag.count())).toBe('stale')
    })

    it('warms by name, or all there is', async () => {
      const { prisma, post, json, events } = open(
        {},
        {
          warmers: [
            { name: 'tags', run: (prisma) => prisma.tag.findMany() },
            { name: 'no/ne', run: () => Promise.reject(new Error('no such table')) },
          ],
        },
      )
      expect(await json('/stats')).toMatchObject({ warmers: ['tags', 'no/ne'] })
      expect(await (await post('/warm/tags')).json()).toEqual({
        outcomes: [expect.objectContaining({ name: 'tags', state: 'end', queried: 1 })],
      })
      expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
      expect(await (await post(`/warm/${encodeURIComponent('no/ne')}`)).json()).toEqual({
        outcomes: [expect.objectContaining({ state: 'error', error: 'no such table' })],
      })
      expect(((await (await post('/warm')).json()) as { outcomes: object[] }).outcomes).toHaveLength(2)
      const unknown = await post('/warm/nobody')
      expect([unknown.status, await unknown.text()]).toEqual([400, expect.stringContaining('There are tags, no/ne.')])
      expect(audits(events).at(-1)).toMatchObject({ action: 'warm', outcome: 'failed' })
    })

    it('clears', async () => {
      const { prisma, post } = open()
      await prisma.tag.count()
      await prisma.$cache.settled()
      expect(await (await post('/clear')).json()).toEqual({ keys: 1 })
      expect(await prisma.$cache.keys()).toEqual([])
    })

    it.each<[string, string, unknown, object, number, RegExp]>([
      ['a body that is no JSON', '/invalidate', '{', {}, 400, /not JSON/],
      ['a list', '/invalidate', [], {}, 400, /JSON object/],
      ['bytes that are no text', '/invalidate', '{"tags":["\xff"]', {}, 400, /not JSON/],
      ['nothing to invalidate', '/invalidate', {}, {}, 400, /Name what to invalidate/],
      ['an unknown model', '/invalidate', { models: ['Users'] }, {}, 400, /no model "Users"/],
      ['an unknown option', '/invalidate', { model: ['User'] }, {}, 400, /`invalidate\.model`/],
      ['a prototype', '/invalidate', '{"__proto__":{"tags":["a"]}}', {}, 400, /invalidate/],
      ['a body too large', '/invalidate', { tags: ['x'.repeat(70_000)] }, {}, 413, /at most 65536 bytes/],
      ['a form', '/clear', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, /application\/json/],
      ['plain text', '/clear', '{}', { 'content-type': 'text/plain' }, 415, /application\/json/],
      ['an unknown route', '/clear/all', {}, {}, 404, /nothing here/],
      ['a page of another site', '/clear', {}, { 'sec-fetch-site': 'cross-site' }, 403, /another origin/],
      ['a page of a sibling', '/clear', {}, { 'sec-fetch-site': 'same-site' }, 403, /another origin/],
      ['another origin', '/clear', {}, { origin: 'https://evil.test' }, 403, /another origin/],
      ['an origin that is none', '/clear', {}, { origin: 'null' }, 403, /another origin/],
      ['a look in place of a change', '/clear', undefined, {}, 404, /nothing here/],
    ])('refuses %s', async (_, path, body, headers, status, message) => {
      const { prisma, ask, post } = open()
      await prisma.tag.count()
      await prisma.$cache.settled()
      const answer = body === undefined ? await ask(path) : await post(path, body, headers)
      expect(answer.status).toBe(status)
      expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(message)
      expect(await prisma.$cache.keys()).toHaveLength(1)
    })

    it.each([
      ['/keys?limit=0', /`limit` is a whole number from 1 to 1000/],
      ['/keys?limit=1001', /`limit`/],
      ['/keys?limit=1e3', /`limit`/],
      [`/keys?pattern=${'x'.repeat(257)}`, /`pattern` has 256/],
      [`/keys?cursor=${'9'.repeat(2000)}`, /`cursor` has 1024/],
      ['/activity?window=7', /`window`/],
      ['/events?types=hit,nonsense', /There are hit, stale/],
      ['/keys/%E0%A4%A', /not percent-encoded/],
      [`/keys/${'k'.repeat(2000)}`, /No key is that long/],
    ])('refuses %s', async (path, message) => {
      const answer = await open().ask(path)
      expect(answer.status).toBe(400)
      expect(await answer.text()).toMatch(message)
    })

    it('knows GET and POST', async () => {
      const { ask } = open()
      for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']) {
        const answer = await ask('/clear', { method })
        expect([answer.status, answer.headers.get('allow')], method).toEqual([405, 'GET, POST'])
      }
    })

    it('is for its own origin, and those it is told of', async () => {
      const { post, ask } = open({ trustedOrigins: ['https://ops.example.com'] })
      expect((await post('/clear', {}, { 'sec-fetch-site': 'same-origin', origin: 'http://ops.test' })).status).toBe(
        200,
      )
      // A proxy ended TLS in front.
      expect((await post('/clear', {}, { origin: 'https://ops.test' })).status).toBe(200)
      const theirs = { 'sec-fetch-site': 'cross-site', origin: 'https://ops.example.com' }
      expect((await post('/clear', {}, theirs)).status).toBe(200)
      expect((await ask('/stats', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403)
    })

    it('changes nothing for those who may only look', async () => {
      const { post, ask, prisma, events } = open()
      await prisma.tag.count()
      await prisma.$cache.settled()
      const looking = { authorization: `Bearer ${READ_ONLY}` }
      expect((await post('/clear', {}, looking)).status).toBe(403)
      expect((await ask('/stats', { token: READ_ONLY })).status).toBe(200)
      expect((await open({ readOnly: true }).post('/clear')).status).toBe(403)
      expect(await prisma.$cache.keys()).toHaveLength(1)
      expect(audits(events)).toEqual([{ type: 'admin', action: 'clear', actor: null, outcome: 'refused' }])
    })

    it('is changed through only so often', async () => {
      const { post, clock } = open({ changesPerMinute: 3 })
      const statuses = async (count: number) =>
        Promise.all(Array.from({ length: count }, () => post('/clear').then(({ status }) => status)))
      expect((await statuses(5)).sort()).toEqual([200, 200, 200, 429, 429])
      expect((await post('/clear')).headers.get('retry-after')).toBe('20')
      clock.advance(20_000)
      expect(await statuses(2)).toEqual([200, 429])
    })

    it('tells of every change and every refusal, without what was named in it', async () => {
      const { post, handler, ask, events } = open()
      await post('/invalidate', { tags: ['user:ada@example.test'] })
      await post('/invalidate', { models: ['Nobody'] })
      await ask('/stats', { token: 'wrong' })
      expect(audits(events)).toEqual([
        { type: 'admin', action: 'invalidate', actor: 'ada', outcome: 'done', tagCount: 1, keyCount: 0 },
        { type: 'admin', action: 'invalidate', actor: 'ada', outcome: 'failed' },
        { type: 'admin', action: 'GET stats', actor: null, outcome: 'refused' },
      ])
      expect(JSON.stringify(audits(events))).not.toMatch(/example|Nobody|wrong/)
      const wrong = { headers: { authorization: 'Bearer wrong' } }
      for (let i = 0; i < 100; i += 1) await handler(new Request('http://ops.test/stats', wrong))
      expect(audits(events)).toHaveLength(22)
    })

    it('tells nothing of somebody who looks and brings no token, as the dashboard does when it is opened', async () => {
      const { handler, events } = open()
      const { status } = await handler(new Request('http://ops.test/stats'))
      await handler(new Request('http://ops.test/stats', { headers: { cookie: 'a=b' } }))
      await handler(new Request('http://ops.test/clear', { method: 'POST' }))
      expect(status).toBe(401)
      expect(audits(events).map((event) => 'action' in event && event.action)).toEqual(['GET stats', 'clear'])
    })

    it('keeps every answer from being kept, framed or guessed at', async () => {
      const { handler, ask, post } = open()
      const answers = [
        await ask('/stats'),
        await ask('/nothing'),
        await handler(new Request('http://ops.test/stats')),
        await post('/clear'),
        await ask('/'),
      ]
      for (const { headers } of answers) {
        expect(headers.get('cache-control')).toBe('no-store')
        expect(headers.get('x-content-type-options')).toBe('nosniff')
        expect(headers.get('x-frame-options')).toBe('DENY')
        expect(headers.get('referrer-policy')).toBe('no-referrer')
        expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
        expect(headers.get('content-security-policy')).not.toContain('unsafe')
        expect(headers.get('access-control-allow-origin')).toBeNull()
        expect(headers.get('set-cookie')).toBeNull()
      }
    })

    it('writes nothing that could be read as markup', async () => {
      const { prisma, ask } = open({ showValues: true })
      const key = '</script><img src=x onerror=alert(1)>'
      await prisma.tag.create({ data: { name: key } })
      await prisma.tag.findMany({ where: { name: key }, cache: { key } })
      await prisma.$cache.settled()
      const [stored] = await prisma.$cache.keys()
      for (const path of ['/keys', `/keys/${encodeURIComponent(stored!)}`, `/keys/${encodeURIComponent(key)}`]) {
        const text = await (await ask(path)).text()
        expect(text).not.toContain('<')
        expect(text).toContain(path.includes('query') ? '\\u003c/script' : '')
      }
    })

    it('health is 200 while the store answers, and 503 when it does not', async () => {
      const { prisma, ask } = open()
      const well = await ask('/health')
      expect([well.status, await well.json()]).toEqual([
        200,
        { state: 'ok', store, latencyMs: expect.any(Number), undelivered: 0 },
      ])
      await prisma.$cache.disconnect()
      const gone = await ask('/health')
      expect([gone.status, ((await gone.json()) as { state: string }).state]).toEqual([503, 'unavailable'])
    })

    it('info tells of the store and its servers', async () => {
      const info = await open().json<StoreInfo>('/info')
      expect(info).toMatchObject({ store, servers: store === 'redis' ? [{ role: 'master' }] : [] })
    })

    it('metrics are those of the registry it is given', async () => {
      expect((await open().ask('/metrics')).status).toBe(404)
      const metrics = { contentType: 'text/plain; version=0.0.4', metrics: async () => 'cache_hits_total 7\n' }
      const answer = await open({ metrics }).ask('/metrics')
      expect([answer.headers.get('content-type'), await answer.text()]).toEqual([
        metrics.contentType,
        'cache_hits_total 7\n',
      ])
    })

    it('activity tells what happened of late', async () => {
      const { prisma, json, clock } = open()
      const read = () => prisma.tag.findUnique({ where: { name: 'red' } })
      await read()
      await prisma.$cache.settled()
      for (let i = 0; i < 3; i += 1) await read()
      await prisma.tag.update({ where: { name: 'red' }, data: { color: 'x' } })
      await read()
      await prisma.$cache.settled()
      const { series, operations, topKeys, drops, blame, invalidations } = await json<Activity>('/activity?window=300')
      const sum = (column: readonly number[]) => column.reduce((one, other) => one + other, 0)
      expect({ hit: sum(series.hit), miss: sum(series.miss), drop: sum(series.drop) }).toEqual({
        hit: 3,
        miss: 2,
        drop: 1,
      })
      expect(series.at).toHaveLength(60)
      expect(operations).toContainEqual(
        expect.objectContaining({ model: 'Tag', operation: 'findUnique', hit: 3, miss: 2 }),
      )
      expect(topKeys).toEqual([
        expect.objectContaining({ model: 'Tag', hits: 3, misses: 2, bytes: expect.any(Number) }),
      ])
      expect(drops).toEqual([
        expect.objectContaining({
          model: 'Tag',
          by: expect.objectContaining({ cause: 'write', model: 'Tag', operation: 'update' }),
        }),
      ])
      expect(blame).toEqual([{ by: 'write Tag.update', drops: 1, models: ['Tag'] }])
      expect(invalidations).toEqual([expect.objectContaining({ cause: 'write', model: 'Tag', delivered: true })])
      const { of } = await json<Activity>('/activity?window=300&of=Tag.findUnique')
      expect([of?.model, of?.stepSeconds, sum(of?.hit ?? []), sum(of?.miss ?? [])]).toEqual(['Tag', 20, 3, 2])
      expect((await json<Activity>('/activity?of=Nobody.findUnique')).of).toBeNull()
      clock.advance(301_000)
      const later = await json<Activity>('/activity?window=300')
      expect([sum(later.series.hit), later.drops]).toEqual([0, []])
      expect(sum((await json<Activity>('/activity?window=3600')).series.hit)).toBe(3)
    })

    it('is reached under the path it is told, and nowhere else', async () => {
      const { ask } = open({ basePath: '/admin/cache/' })
      expect((await ask('/admin/cache/stats')).status).toBe(200)
      for (const path of ['/stats', '/admin/cachestats', '/admin/cache2/stats', '/admin']) {
        expect((await ask(path)).status, path).toBe(404)
      }
    })

    it('serves its page with and without a slash at the end, and redirects nobody', async () => {
      const { ask } = open({ basePath: '/admin/cache/' })
      const [folder, bare] = [await ask('/admin/cache/'), await ask('/admin/cache')]
      expect([folder.status, bare.status]).toEqual([200, 200])
      expect(await folder.text()).toContain('src="assets/page.js"')
      expect(await bare.text()).toContain('src="./cache/assets/page.js"')
    })

    it('is a handler for frameworks that pass something of their own', async () => {
      const { handler } = open({ basePath: '/admin/cache' })
      // As in a route handler of Next.js: `export const GET = admin`.
      const route: (request: Request, context: { params: Promise<{ path?: string[] }> }) => Promise<Response> = handler
      const request = new Request('http://ops.test/admin/cache/stats', {
        headers: { authorization: `Bearer ${TOKEN}` },
      })
      expect((await route(request, { params: Promise.resolve({ path: ['stats'] }) })).status).toBe(200)
    })

    it('the page is there for everybody, with nothing in it; without it there is none', async () => {
      const { ask, handler, prefix } = open()
      const names = ['/', '/assets/page.js', '/assets/page.css', '/assets/icon.svg']
      const files = await Promise.all(names.map((path) => handler(new Request(`http://ops.test${path}`))))
      expect(files.map(({ status, headers }) => [status, headers.get('content-type')?.split(';')[0]])).toEqual([
        [200, 'text/html'],
        [200, 'text/javascript'],
        [200, 'text/css'],
        [200, 'image/svg+xml'],
      ])
      const [html = ''] = await Promise.all(files.map((file) => file.text()))
      expect(html).not.toMatch(/<style|style=|<script(?! src=)| on\w+=|https?:/)
      expect(html).not.toContain(prefix)
      for (const path of ['/assets/nothing.js', '/assets/__proto__', '/assets/../stats']) {
        expect((await ask(path)).status === 404 || path.endsWith('stats'), path).toBe(true)
      }
      for (const path of ['/', '/assets/page.js']) {
        expect((await open({ dashboard: false }).ask(path)).status, path).toBe(404)
      }
    })
  })
}

describe('the admin API and a store that is gone', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  it('says so, and changes of models are kept for it', async () => {
    const redis = await startRedis()
    const client = new Redis(redis.url, { retryStrategy: () => null, maxRetriesPerRequest: 0 })
    client.on('error', () => {})
    try {
      const { prisma } = spec.cached({ redis: client, timeoutMs: 200 })
      const admin = adminHandler(prisma.$cache, { authorize: () => true })
      await prisma.tag.count()
      await prisma.$cache.settled()
      await redis.stop()
      const keys = await admin(new Request('http://ops.test/keys'))
      expect([keys.status, keys.headers.get('retry-after')]).toEqual([503, '5'])
      const headers = { 'content-type': 'application/json' }
      const change = new Request('http://ops.test/invalidate', { method: 'POST', headers, body: '{"models":["Tag"]}' })
      expect((await admin(change)).status).toBe(200)
      expect((await prisma.$cache.health()).undelivered).toBeGreaterThan(0)
      admin.close()
    } finally {
      client.disconnect()
      await redis.stop()
    }
  })
})

describe('the options of the admin API', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)
  const yes = () => true

  it.each<[string, object, RegExp]>([
    ['no `authorize`', {}, /`authorize`: it is missing.*bearerToken/],
    ['an `authorize` that is none', { authorize: 'token' }, /`authorize`/],
    ['an unknown option', { authorize: yes, path: '/' }, /`adminHandler\.path`.*no such option.*basePath/],
    ['a path that is none', { authorize: yes, basePath: 'admin' }, /`adminHandler\.basePath`: got "admin"/],
    ['an origin with a path', { authorize: yes, trustedOrigins: ['https://a.test/x'] }, /trustedOrigins/],
    ['no changes a minute', { authorize: yes, changesPerMinute: 0 }, /`adminHandler\.changesPerMinute`: got 0/],
    ['a registry that is none', { authorize: yes, metrics: {} }, /prom-client Registry/],
  ])('%s is refused, in words', (_, options, message) => {
    const { prisma } = spec.cached()
    expect(() => adminHandler(prisma.$cache, options as AdminOptions)).toThrow(
      expect.objectContaining({ name: 'CacheConfigError', message: expect.stringMatching(message) }),
    )
  })

  it('something that is no cache is refused', () => {
    expect(() => adminHandler({} as never, { authorize: yes })).toThrow(/Pass `prisma\.\$cache`/)
  })

  it.each([undefined, '', 'short'])('a secret that is none opens nothing: %j', (secret) => {
    expect(() => bearerToken(secret)).toThrow(/`bearerToken`: got .*16 characters/)
  })

  it.each(['correct horse battery staple', 'ein schlüssel von länge', 'sixteen or more\n'])(
    'a secret that no header can hold would let nobody in, and is refused: %j',
    (secret) => {
      const refused = expect.objectContaining({
        name: 'CacheConfigError',
        message: expect.not.stringContaining(secret),
      })
      expect(() => bearerToken(secret)).toThrow(refused)
    },
  )
})
