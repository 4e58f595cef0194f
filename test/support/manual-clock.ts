/** A clock moved by hand: pass `clock.now` as the extension's `clock`, then `clock.advance(ms)` where one would sleep. */
export interface ManualClock {
  readonly now: () => number
  advance(ms: number): void
}

/** Starts at the present, because Redis counts expiry on its own clock and a far-off start would meet it at once. */
export function manualClock(start = Date.now()): ManualClock {
  let now = start
  return {
    now: () => now,
    advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`a clock cannot advance by ${ms} ms`)
      now += ms
    },
  }
}
