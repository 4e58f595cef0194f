import type { Query } from './cases.ts'
import type { World } from './world.ts'

export interface Contender {
  readonly name: string
  /** `floor`: not a cache, but what no cache can go below. `by hand`: what one writes instead of taking a package. */
  readonly role: 'plain' | 'floor' | 'by hand' | 'peer' | 'ours'
  /** Where a hit is answered from; it is compared with those that answer from the same place. */
  readonly from: 'database' | 'memory' | 'redis'
  open(world: World): Promise<Opened>
}

/** A contender at work, with a store of nobody else that nothing is evicted from and nothing expires in. */
export interface Opened {
  read(query: Query): PromiseLike<unknown>
  /** Gives a user another name and forgets what that changes. */
  rename?(id: number, name: string): Promise<unknown>
  /** As `read`, with so many tags of the application's own. */
  readTagged?(id: number, tags: readonly string[]): PromiseLike<unknown>
  /** Resolves when no fill is under way. */
  settled(): Promise<void>
  close(): Promise<void>
}

export const HOUR = 3600

export const rename = (world: World, id: number, name: string) =>
  world.plain.user.update({ where: { id }, data: { name } })
