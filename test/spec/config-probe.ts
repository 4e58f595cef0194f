// Run by config.spec.ts in a process of its own: what a client is set up with in a working directory and environment.
import { cacheExtension } from '../../src/index.ts'
import { PrismaClient } from '../.generated/sqlite/client-ts/client.ts'
import { adapterFor } from '../support/provider.ts'

export interface Scenario {
  readonly directory: string
  readonly env?: Readonly<Record<string, string>>
  /** Handed to `cacheExtension`; absent: it is used without a call, as `$extends(cacheExtension)`. */
  readonly options?: object
}

export type Outcome =
  | {
      readonly store: string
      readonly prefix: string
      /** Seconds for which `count` of a model is kept; absent: not cached. */
      readonly ttl: { readonly Tag?: number; readonly User?: number; readonly Post?: number }
      readonly health: string
    }
  | { readonly error: string; readonly name: string; readonly option: string }

async function outcome({ directory, env = {}, options }: Scenario): Promise<Outcome> {
  process.chdir(directory)
  for (const name of Object.keys(process.env)) if (/^(REDIS|CACHE)_/.test(name)) delete process.env[name]
  Object.assign(process.env, env)
  const plain = new PrismaClient({ adapter: adapterFor('sqlite', process.argv[2]!) })
  try {
    const prisma = options ? plain.$extends(cacheExtension(options)) : plain.$extends(cacheExtension)
    const ttl: Record<string, number> = {}
    let key = ''
    prisma.$cache.on('fill', (event) => {
      if (event.operation === 'count') ttl[event.model] = event.ttlMs / 1000
      key = event.key
    })
    // To meet a server takes longer than a query waits where many tests keep it busy.
    for (let tries = 0; tries < 20 && (await prisma.$cache.health()).state !== 'ok'; tries += 1);
    await prisma.tag.count()
    await prisma.user.count()
    await prisma.post.count()
    await prisma.tag.findFirst({ cache: true })
    await prisma.$cache.settled()
    const { state: health, store } = await prisma.$cache.health()
    await prisma.$cache.clear()
    await prisma.$cache.disconnect()
    return { store, prefix: key.slice(0, key.indexOf('query:')), ttl, health }
  } catch (error) {
    const { name, message, option } = error as { name: string; message: string; option: string }
    return { error: message, name, option }
  } finally {
    await plain.$disconnect()
  }
}

const outcomes: Outcome[] = []
for (const scenario of JSON.parse(process.argv[3]!) as Scenario[]) outcomes.push(await outcome(scenario))
process.stdout.write(JSON.stringify(outcomes))
