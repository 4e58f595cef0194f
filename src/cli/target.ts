import type { CacheAdvice } from '../control/advice.ts'
import type { CacheControl, StoreInfo } from '../control/cache-control.ts'
import type { EntryInfo } from '../control/entry-info.ts'
import type { InvalidationTarget } from '../control/invalidate-on.ts'
import type { CacheStats } from '../control/stats.ts'

/** What a command works on: the store itself, or the admin API of a process. */
export interface Target {
  /** In words, without a password. */
  readonly name: string
  keyPage: CacheControl['keyPage']
  inspect(key: string, showsValue: boolean): Promise<EntryInfo | null>
  invalidate(target: InvalidationTarget): Promise<{ readonly tags: number; readonly keys: number }>
  clear(): Promise<{ readonly keys: number }>
  info(): Promise<StoreInfo>
  /** Of the process behind the admin API; `undefined`: the store has none. */
  stats?(): Promise<ProcessStats>
  /** Of the process behind the admin API. */
  advise?(): Promise<CacheAdvice>
  close(): Promise<void>
}

export interface ProcessStats {
  readonly process: { readonly pid: number; readonly node: string; readonly upSeconds: number }
  readonly stats: CacheStats
}
