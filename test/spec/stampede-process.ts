import { setTimeout as sleep } from 'node:timers/promises'
import { type CacheEvent, type CacheOptions, cacheExtension } from '../../src/index.ts'
import { openClient } from '../support/clients.ts'
import type { Database } from '../support/databases.ts'
import { adapterFor } from '../support/provider.ts'
import { PATIENCE_MS } from '../support/with-timeout.ts'

/** A cached client in a process of its own, told what to do by the test that started it. */

export interface StampedeOptions {
  readonly database: string
  readonly redis: string
  readonly prefix: string
  readonly lease: CacheOptions['lease']
  /** How long the database takes to answer a read; left out, until it is told to. */
  readonly queryMs?: number | undefined
}

export type ToStampede =
  /** Reads at once, so many times. */
  | { readonly kind: 'read'; readonly times: number }
  | { readonly kind: 'write'; readonly stock: number }
  /** The database answers what it was asked. */
  | { readonly kind: 'answer' }

export type FromStampede =
  | { readonly kind: 'ready' }
  | { readonly kind: 'asked' }
  | {
      readonly kind: 'read'
      readonly stocks: readonly number[]
      readonly queries: number
      readonly coalesced: number
    }
  | { readonly kind: 'written' }

const options = JSON.parse(process.argv[2] ?? '') as StampedeOptions
const say = (message: FromStampede) => process.send?.(message)

const adapter = () => adapterFor('postgresql', options.database)
const { prisma: plain, sql } = await openClient(
  { provider: 'postgresql', adapter } as unknown as Database<'postgresql'>,
  'ts',
)
const prisma = plain.$extends(
  cacheExtension({
    configFile: false,
    redis: options.redis,
    prefix: options.prefix,
    defaults: { ttl: 60 },
    timeoutMs: PATIENCE_MS,
    breaker: { quarantineMs: 0 },
    lease: options.lease,
  }),
)
let events: CacheEvent[] = []
prisma.$cache.on('*', (event) => events.push(event))

const waiting: { open(): void }[] = []

/** Every query of the test's reads is held for a while, as a dear one would be. */
async function slowDatabase(): Promise<never> {
  for (;;) {
    const gate = sql.hold(/^SELECT .*catalog products/, { before: true })
    await gate.held
    say({ kind: 'asked' })
    if (options.queryMs === undefined) waiting.push(gate)
    else void sleep(options.queryMs).then(() => gate.open())
  }
}

async function read(times: number): Promise<void> {
  sql.clear()
  events = []
  const stocks = await Promise.all(
    Array.from({ length: times }, async () => {
      const [row] = await prisma.product.findMany({ where: { sku: 'bolt' }, take: 1 })
      return row?.stock ?? -1
    }),
  )
  await prisma.$cache.settled()
  const coalesced = events.filter((event) => event.type === 'miss' && event.coalesced).length
  say({ kind: 'read', stocks, queries: sql.count(/^SELECT/), coalesced })
}

process.on('message', (message: ToStampede) => {
  if (message.kind === 'read') return void read(message.times)
  if (message.kind === 'answer') {
    for (const gate of waiting.splice(0)) gate.open()
    return
  }
  void prisma.product
    .update({ where: { sku: 'bolt' }, data: { stock: message.stock } })
    .then(() => say({ kind: 'written' }))
})

await prisma.$connect()
await prisma.$cache.health()
void slowDatabase()
say({ kind: 'ready' })
