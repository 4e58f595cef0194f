import { afterAll, beforeAll, expect, it } from 'vitest'
import { cacheExtension } from '../../src/index.ts'
import { openClient } from '../support/clients.ts'
import type { TestBed } from '../support/matrix.ts'
import { adapterFor } from '../support/provider.ts'
import { runScript } from '../support/run-script.ts'

type Delegate = Record<string, (args?: object) => PromiseLike<unknown>>

/** Clients by name only: a case runs on several providers, whose types differ. */
export type Client = Readonly<Record<string, Delegate>>

export interface Read {
  readonly title: string
  read(client: Client): PromiseLike<unknown>
}

export interface Case {
  readonly title: string
  /** Past the cache, on empty tables. */
  seed(client: Client): Promise<unknown>
  readonly reads: readonly Read[]
  /** The last of these goes through the cached client; it may be refused by the database. */
  write(client: Client): PromiseLike<unknown>
}

/** Cases on tables that `alter` changes first, past Prisma. */
export interface Group {
  readonly title: string
  readonly alter: string
  /** What every connection of the clients says first. */
  readonly session?: string
  readonly cases: readonly Case[]
}

interface World {
  readonly plain: Client
  readonly cached: Client
  empty(): Promise<void>
}

/** A plain and a cached client on the bed's database, whose tables `alter` changes first, past Prisma. */
export function useWorld(bed: TestBed, { alter, session }: Group): () => World {
  let world: World | undefined
  let close = async () => {}
  beforeAll(async () => {
    if (alter) await runScript(bed.database, alter)
    const { url, provider } = bed.database
    const database = { ...bed.database, adapter: () => adapterFor(provider, url, session) }
    const [one, other] = await Promise.all([openClient(database, bed.generator), openClient(database, bed.generator)])
    const { prisma: plain } = one
    const { prisma } = other
    const cached = prisma.$extends(
      // A look-up that timed out would be answered by the database, and show nothing.
      cacheExtension({ ...bed.cache, defaults: { ttl: 3600 }, timeoutMs: 10_000 }),
    )
    close = async () => {
      await cached.$cache.disconnect()
      await Promise.all([one.close(), other.close()])
    }
    world = {
      plain: plain as unknown as Client,
      cached: cached as unknown as Client,
      async empty() {
        await bed.database.reset()
        await cached.$cache.clear()
      },
    }
  })
  afterAll(() => close())
  return () => {
    if (!world) throw new Error('the clients are made in beforeAll')
    return world
  }
}

/** Every read is answered by the cached client as by the plain one: before the write, and after it. */
export function itAgrees(world: () => World, { title, seed, reads, write }: Case): void {
  it(title, async () => {
    const { plain, cached, empty } = world()
    await empty()
    await seed(plain)
    // Twice: the second answer is the entry.
    await answers(reads, cached)
    expect(await answers(reads, cached)).toEqual(await answers(reads, plain))
    await Promise.resolve(write(cached)).catch(() => {})
    expect(await answers(reads, cached)).toEqual(await answers(reads, plain))
  })
}

async function answers(reads: readonly Read[], client: Client): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  // One after the other: Prisma makes one query of equal ones that are asked at once.
  for (const { title, read } of reads) all[title] = await Promise.resolve(read(client)).catch(failure)
  return all
}

function failure(error: { readonly code?: string }): string {
  return `failed: ${error.code}`
}
