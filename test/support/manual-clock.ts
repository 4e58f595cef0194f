import type { Clock } from '../../src/clock.ts'

/** A clock moved by hand: pass `clock.now` as the extension's `clock`, then `clock.advance(ms)` where one would sleep. */
export interface ManualClock {
  readonly now: Clock
  /** Whoever waits for a moment on the way is woken then. */
  advance(ms: number): void
}

/** Starts at the present, because Redis counts expiry on its own clock and a far-off start would meet it at once. */
export function manualClock(start = Date.now()): ManualClock {
  let now = start
  const sleepers = new Set<{ readonly at: number; readonly call: () => void }>()
  const wake = (at: number, call: () => void) => {
    const sleeper = { at, call }
    sleepers.add(sleeper)
    return () => void sleepers.delete(sleeper)
  }
  return {
    now: Object.assign(() => now, { wake }),
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`a clock cannot advance by ${ms} ms`)
      const end = now + ms
      for (;;) {
        const [next] = [...sleepers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)
        if (!next) break
        sleepers.delete(next)
        now = Math.max(now, next.at)
        next.call()
      }
      now = end
    },
  }
}
