/** −ln of the smallest number above 0 that `Math.random` returns: no draw asks for more. */
const LONGEST_DRAW = 53 * Math.LN2

/**
 * Whether a fresh entry is renewed before its time: the likelier the nearer its end and the longer its query takes, so
 * that of many who read it one renews it, most likely just in time, and nobody waits when it ends. XFetch: Vattani,
 * Chierichetti, Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015; 1 is their optimal beta.
 */
export function isDue(leftMs: number, tookMs: number, beta: number, random: () => number): boolean {
  if (!mayBeDue(leftMs, tookMs, beta)) return false
  // 1 − x: above 0 where x is below 1.
  return -Math.log(1 - random()) * tookMs * beta >= leftMs
}

/** `false`: whatever is drawn, it is not. */
export function mayBeDue(leftMs: number, tookMs: number, beta: number): boolean {
  return beta > 0 && tookMs > 0 && leftMs <= tookMs * beta * LONGEST_DRAW
}
