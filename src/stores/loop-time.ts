/** A wait is cut into so many parts: a loop that stands still is late for one of them, and the others are still to come. */
const PARTS = 4

/**
 * Calls back when the event loop has run for `ms`, and has read its sockets once more since. While it stands still (a
 * computation blocks it, or the machine does not run the process) a reply may lie in a socket unread: such a pause counts
 * as one part of the wait at most, however long it was. Without that, our own delay would be taken for the server's.
 *
 * @param keepsAlive whether the process waits for it.
 * @returns what prevents the call.
 */
export function afterLoopTime(ms: number, call: () => void, keepsAlive = true): () => void {
  let leftMs = ms
  let timer: NodeJS.Timeout | undefined
  let isOver = false
  const wait = (parts: number) => {
    const stepMs = Math.ceil(leftMs / parts)
    leftMs -= stepMs
    timer = setTimeout(() => {
      if (parts > 1 && leftMs > 0) wait(parts - 1)
      // Timers run before sockets are read, immediates after.
      else setImmediate(() => isOver || call())
    }, stepMs)
    if (!keepsAlive) timer.unref()
  }
  wait(PARTS)
  return () => {
    isOver = true
    clearTimeout(timer)
  }
}
