import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectRedis } from '../../examples/deploy/redis.ts'
import { openShop } from '../../examples/shop-api/client.ts'
import { METRICS } from '../../src/metrics/names.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'
import { type Application, startApplication } from './application.ts'
import { PASSWORD, TOKEN } from './files.ts'
import { assembleImage, commandOf, type Image } from './image.ts'
import { type DeployedRedis, startDeployedRedis } from './redis.ts'

const SHUTDOWN_SECONDS = 4
/** Longer than a test waits: an application that ends before it has not waited for it. */
const LONG_SECONDS = 600
const TEA = 2

let image: Image
let redis: DeployedRedis
let proxy: TcpProxy
let app: Application
const endings: (() => unknown)[] = []

beforeAll(async () => {
  image = await assembleImage()
})
afterAll(() => image?.remove())

/** A Redis, and a line to it that can be cut. */
async function startServers(): Promise<void> {
  redis = await startDeployedRedis()
  endings.push(() => redis.stop())
  proxy = await startTcpProxy(redis.port)
  endings.push(() => proxy.close())
}
async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end()
}
/** On the line, or without it, where Redis itself hangs. */
async function start(port = redis.port, shutdownSeconds = SHUTDOWN_SECONDS): Promise<void> {
  app = await startApplication(image, { REDIS_URL: redis.urlAt(port), SHUTDOWN_SECONDS: `${shutdownSeconds}` })
  endings.push(() => app.remove())
}

const get = (path: string) => fetch(app.url + path)
const cacheSaid = async (path: string) => (await get(path)).headers.get('X-Cache')
const order = (quantity = 1) => JSON.stringify({ productId: TEA, quantity })
const place = (body = order()) =>
  fetch(`${app.url}/api/orders`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } })
const withToken = { headers: { Authorization: `Bearer ${TOKEN}` } }

async function cached(path: string): Promise<void> {
  await eventually(async () => (await cacheSaid(path)) === 'HIT' || undefined, `${path} from the cache`)
}

/** An order of which the server has the headers and not yet the body. */
async function orderUnderWay(agent: Agent) {
  const sending: ClientRequest = request(`${app.url}/api/orders`, {
    method: 'POST',
    agent,
    headers: { 'Content-Type': 'application/json', 'Content-Length': order().length, Expect: '100-continue' },
  })
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    sending.once('response', resolve).once('error', reject)
  })
  response.catch(() => {})
  const taken = new Promise((resolve) => sending.once('continue', resolve))
  sending.flushHeaders()
  await withTimeout(taken, 'the headers')
  return {
    response,
    async finish() {
      sending.end(order())
      const answer = await response
      return { status: answer.statusCode, connection: answer.headers.connection, body: JSON.parse(await text(answer)) }
    },
  }
}

/** Another process on the same cache, which has what it shows from there. */
async function anotherProcess() {
  const connection = connectRedis({ url: redis.urlAt(redis.port), password: PASSWORD })
  const prisma = openShop(app.databaseUrl, {
    redis: connection,
    prefix: 'shop:',
    configFile: false,
    timeoutMs: 5000,
    breaker: { quarantineMs: 0 },
  })
  endings.push(async () => {
    await prisma.$cache.disconnect()
    connection.disconnect()
    await prisma.$disconnect()
  })
  const read = async () => {
    const { data, info } = await prisma.$cache.withCacheInfo(prisma.product.findUniqueOrThrow({ where: { id: TEA } }))
    await prisma.$cache.settled()
    return { stock: data.stock, status: info.status }
  }
  await eventually(async () => (await read()).status === 'hit' || undefined, 'a hit of another process')
  return { read }
}

/** After SIGTERM: how it ended, and the last line of its log. */
async function end() {
  const { code, log } = await withTimeout(app.ended, 'the end')
  return { code, said: log.at(-1) }
}

/** How the check of the image ends, with another port in it. */
async function asked(port: string): Promise<number | null> {
  const [, ...args] = commandOf('HEALTHCHECK').map((text) => text.replace(':9091/', `:${port}/`))
  const [code] = await once(spawn(process.execPath, args), 'close')
  return code
}

async function stop() {
  app.signal('SIGTERM')
  return end()
}

describe('the application of the image', () => {
  beforeAll(async () => {
    await startServers()
    await start()
  })
  afterAll(endAll)

  it('serves the shop, its page and its cache', async () => {
    expect((await get('/')).headers.get('Content-Type')).toContain('text/html')
    expect((await get('/vendor/query-core/index.js')).status).toBe(200)
    await cached(`/api/products/${TEA}`)
    expect((await place()).status).toBe(201)
    expect(await cacheSaid(`/api/products/${TEA}`)).toBe('MISS')
  })

  it('has for operators what is on no other port', async () => {
    await cached(`/api/products/${TEA}`)
    const ask = (path: string, init?: RequestInit) => fetch(app.operations + path, init)
    expect(await (await ask('/health/live')).json()).toEqual({ live: true })
    expect(await app.ready()).toMatchObject({ status: 200, ready: true, database: 'ok', cache: 'ok', undelivered: 0 })
    const metrics = await (await ask('/metrics')).text()
    const types = metrics.split('\n').flatMap((line) => /^# TYPE (\w+)/.exec(line)?.[1] ?? [])
    expect(types.sort()).toEqual(
      Object.values(METRICS)
        .map(({ prometheus }) => prometheus)
        .sort(),
    )
    expect(metrics).toMatch(/^cache_fills_total\{model="Product",operation="findUnique"\} [1-9]/m)

    expect(await asked(new URL(app.operations).port)).toBe(0)
    expect(await asked('1')).toBe(1)

    expect((await ask('/cache/stats')).status).toBe(401)
    expect((await ask('/cache/stats', { headers: { Authorization: 'Bearer another' } })).status).toBe(401)
    expect((await ask('/cache/stats', withToken)).status).toBe(200)
    expect(await (await ask('/cache')).text()).not.toContain(TOKEN)
    for (const path of ['/metrics', '/health/ready', '/cache/stats']) expect((await get(path)).status).toBe(404)
  })

  it('is ready without Redis, and says how its cache is', async () => {
    redis.pause()
    expect((await place()).status).toBe(201)
    expect(await app.ready()).toMatchObject({ status: 200, ready: true, cache: 'undelivered' })
    redis.resume()
    await app.until(({ cache, undelivered }) => cache === 'ok' && undelivered === 0, 'the recovery')
  })

  it('hears of what other processes write from its subscribed connection, and each says whose it is', async () => {
    await cached(`/api/products/${TEA}`)
    const connections = async () => {
      const listed = String(await redis.admin.call('CLIENT', 'LIST')).split('\n')
      return listed.filter((line) => line.includes(' name=shop ') && line.includes(' user=cache '))
    }
    await eventually(async () => (await connections()).some((line) => / flags=\S*t/.test(line)) || undefined, 'it')
    expect(await connections()).toHaveLength(2)
  })

  it('does not start without its secrets', async () => {
    const withoutSecret = startApplication(image, { REDIS_PASSWORD_FILE: '' })
    await expect(withoutSecret).rejects.toThrow('REDIS_PASSWORD_FILE is not set')
    await expect(startApplication(image, { PORT: 'http' })).rejects.toThrow('PORT is no whole number')
  })
})

describe('SIGTERM', () => {
  beforeEach(startServers)
  afterEach(endAll)

  it('while requests and an invalidation are under way: all of them arrive', async () => {
    await start(proxy.port, 20)
    const other = await anotherProcess()
    const { stock } = await other.read()
    const agent = new Agent({ keepAlive: true })
    endings.push(() => agent.destroy())
    const slow = await orderUnderWay(agent)
    await app.until(({ cache }) => cache === 'ok', 'a cache that is well')
    // Redis is out of reach, so what this order changed is not told to anybody yet.
    proxy.blackHole()
    expect((await place()).status).toBe(201)
    await app.until(({ undelivered }) => undelivered > 0, 'an invalidation under way')
    expect(await other.read()).toEqual({ stock, status: 'hit' })

    app.signal('SIGTERM')
    const ended = end()
    await app.until(({ ending, status }) => ending && status === 503, 'the news that it is ending')
    expect(await asked(new URL(app.operations).port)).toBe(1)
    await expect(get('/api/categories')).rejects.toThrow()
    expect(await slow.finish()).toMatchObject({ status: 201, connection: 'close', body: { productId: TEA } })
    await app.until(({ undelivered }) => undelivered > 0, 'an invalidation under way')
    proxy.cut()

    expect(await ended).toMatchObject({ code: 0, said: { ended: true, cut: false, undelivered: 0 } })
    expect(await other.read()).toEqual({ stock: stock - 2, status: 'miss' })
  })

  it('with nothing to do ends it at once, kept-alive connections included', async () => {
    await start(redis.port, LONG_SECONDS)
    await cached('/api/categories')
    const { code, said } = await stop()
    expect({ code, said }).toEqual({ code: 0, said: { ended: true, cut: false, undelivered: 0 } })
  })

  it('while Redis hangs: is not held up by it', async () => {
    await start(redis.port, LONG_SECONDS)
    await cached('/api/categories')
    redis.pause()
    expect((await get(`/api/products/${TEA}`)).status).toBe(200)
    const { code, said } = await stop()
    expect({ code, said }).toEqual({ code: 0, said: { ended: true, cut: false, undelivered: 0 } })
  })

  it('while Redis hangs and does not come back: by the deadline, with what was lost', async () => {
    await start()
    await cached('/api/categories')
    redis.pause()
    expect((await place()).status).toBe(201)
    const { code, said } = await stop()
    expect(said).toEqual({ ended: true, cut: false, undelivered: expect.any(Number) })
    expect(said?.['undelivered']).toBeGreaterThan(0)
    expect(code).toBe(1)
  })

  it('while a request does not end: cuts it off at half of the time', async () => {
    await start()
    const agent = new Agent({ keepAlive: true })
    endings.push(() => agent.destroy())
    const { response } = await orderUnderWay(agent)
    const { code, said } = await stop()
    await expect(response).rejects.toThrow()
    expect({ code, said }).toEqual({ code: 1, said: { ended: true, cut: true, undelivered: 0 } })
  })
})
