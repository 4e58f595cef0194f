/** The present, in epoch milliseconds. Injected everywhere, so that tests move time by hand. */
export interface Clock {
  (): number
  /** Calls back once it is that late; returns what prevents it. Where a clock has none, the timers of the process do. */
  wake?(at: number, call: () => void): () => void
}

export const systemClock: Clock = () => Date.now()

/** Calls again and again while somebody else holds `target`; keeps no process alive. Returns what ends it. */
export function repeatWhileHeld<T extends object>(target: T, everyMs: number, call: (target: T) => void): () => void {
  return repeat(new WeakRef(target), everyMs, call)
}

/** On its own: a closure made where `target` can be seen would hold it. */
function repeat<T extends object>(target: WeakRef<T>, everyMs: number, call: (target: T) => void): () => void {
  const timer = setInterval(() => {
    const there = target.deref()
    if (there) call(there)
    else clearInterval(timer)
  }, everyMs).unref()
  return () => clearInterval(timer)
}

/** A day: the longest a timer is trusted with before the clock, which may have been set, is looked at again. */
const LONGEST_MS = 24 * 3600 * 1000

/** Calls back once the clock says `at`, never before; does not keep the process alive. Returns what prevents it. */
export function wakeAt(clock: Clock, at: number, call: () => void): () => void {
  if (clock.wake) return clock.wake(at, call)
  let timer: NodeJS.Timeout | undefined
  const wait = () => {
    const leftMs = at - clock()
    timer = leftMs > 0 ? setTimeout(wait, Math.min(leftMs, LONGEST_MS)).unref() : undefined
    if (leftMs <= 0) call()
  }
  timer = setTimeout(wait, Math.max(0, Math.min(at - clock(), LONGEST_MS))).unref()
  return () => clearTimeout(timer)
}
