/** From 0.01 ms up, three steps to each doubling: a quantile is off by 13 % at most. The last step is for all above 80 s. */
const FIRST_MS = 0.01
const STEPS_PER_DOUBLING = 3
export const LATENCY_STEPS = 70

/** Where a time is counted. */
export function latencyStep(ms: number): number {
  if (!(ms > FIRST_MS)) return 0
  return Math.min(LATENCY_STEPS - 1, Math.ceil(Math.log2(ms / FIRST_MS) * STEPS_PER_DOUBLING))
}

/** The time that so many of the counted ones do not exceed, ms; `null` where none was counted. */
export function quantile(counts: ArrayLike<number>, share: number): number | null {
  let total = 0
  for (let step = 0; step < LATENCY_STEPS; step += 1) total += counts[step] ?? 0
  if (total === 0) return null
  const wanted = share * total
  let seen = 0
  let step = 0
  while (step < LATENCY_STEPS - 1 && (seen += counts[step] ?? 0) < wanted) step += 1
  // The middle of the step.
  return FIRST_MS * 2 ** ((step - 0.5) / STEPS_PER_DOUBLING)
}
