import type { Activity } from '../../recorder/recorder.ts'
import type { Advice, Info, Stats } from '../api.ts'
import type { Sample } from '../samples.ts'

/** What is known of the cache, as it was last asked for. */
export interface Known {
  readonly activity: Activity
  readonly stats: Stats
  readonly info: Info
  readonly advice: Advice
  /** Since this page was opened. */
  readonly samples: readonly Sample[]
}

export interface View {
  readonly title: string
  readonly elements: readonly HTMLElement[]
  update(known: Known): void
  /** It is gone to, or something else in it. */
  open?(): void
}

/** What views ask of the page. */
export interface Page {
  /** Says something, seen and read aloud. */
  tell(text: string, isBad?: boolean): void
  /** Whether somebody says yes. */
  confirm(title: string, text: string, yes: string): Promise<boolean>
  /** Goes to an entry. */
  openEntry(key: string): void
  /** Runs something that may fail, and tells of it. */
  attempt(run: () => Promise<void>): Promise<void>
}
