import { setTimeout as sleep } from 'node:timers/promises'
import { type CacheOptions, cacheExtension, type WarmEvent, type WarmerOptions } from '../../src/index.ts'
import { openClient } from '../support/clients.ts'
import type { Database } from '../support/databases.ts'
import { adapterFor } from '../support/provider.ts'
import { PATIENCE_MS } from '../support/with-timeout.ts'

/** A cached client that warms, in a process of its own; it tells the test how that goes. */

export interface WarmingOptions {
  readonly database: string
  readonly redis: string
  readonly prefix: string
  readonly near?: CacheOptions['near']
  /** `undefined`: a process without warmers. */
  readonly warmer?: Pick<WarmerOptions, 'on' | 'every' | 'leaseMs'>
  /** How many reads a go is, one after the other, and how long each takes. */
  readonly reads: number
  readonly readMs: number
}

export type ToWarming = { readonly kind: 'write'; readonly name: string } | { readonly kind: 'status' }
export type FromWarming =
  | { readonly kind: 'ready' }
  | { readonly kind: 'warm'; readonly event: Omit<WarmEvent, 'error'>; readonly at: number }
  | { readonly kind: 'written' }
  | { readonly kind: 'status'; readonly status: string }

const options = JSON.parse(process.argv[2] ?? '') as WarmingOptions
const say = (message: FromWarming) => process.send?.(message)

const adapter = () => adapterFor('postgresql', options.database)
const { prisma: plain } = await openClient(
  { provider: 'postgresql', adapter } as unknown as Database<'postgresql'>,
  'ts',
)
const read = (client: typeof plain, i: number) => client.tag.findMany({ where: { name: { not: `${i}` } } })
const warmers = options.warmer && [
  {
    name: 'tags',
    concurrency: 1,
    ...options.warmer,
    run: (client: typeof plain) =>
      Array.from({ length: options.reads }, (_, i) => async () => {
        await sleep(options.readMs)
        await read(client, i)
      }),
  },
]
const prisma = plain.$extends(
  cacheExtension({
    configFile: false,
    redis: options.redis,
    prefix: options.prefix,
    near: options.near,
    defaults: { ttl: 60 },
    timeoutMs: PATIENCE_MS,
    breaker: { quarantineMs: 0 },
    warmers,
  }),
)
prisma.$cache.on('warm', ({ ...event }) => say({ kind: 'warm', event, at: Date.now() }))

process.on('message', async (message: ToWarming) => {
  if (message.kind === 'write') {
    await prisma.tag.create({ data: { name: message.name } })
    say({ kind: 'written' })
  } else {
    const { info } = await prisma.$cache.withCacheInfo(read(prisma as unknown as typeof plain, 0))
    // Why, where a test that expects a hit should ever find something else.
    say({ kind: 'status', status: info.status === 'hit' ? 'hit' : JSON.stringify(info) })
  }
})

await prisma.$connect()
say({ kind: 'ready' })
