import type { Info } from './api.ts'

/** What the store was like at a moment. */
export interface Sample {
  /** Epoch seconds. */
  readonly at: number
  readonly near: number | null
  readonly redis: number | null
  readonly nearOut: number | null
  readonly redisOut: number | null
}

/** An hour. */
const MAX_SAMPLES = 720

function sample(now: number, { local, servers }: Info): Sample {
  const total = (values: readonly (number | null)[]) =>
    values.some((value) => value !== null) ? values.reduce<number>((sum, value) => sum + (value ?? 0), 0) : null
  return {
    at: now / 1000,
    near: local?.bytes ?? null,
    redis: total(servers.map(({ memory }) => memory.usedBytes)),
    nearOut: local?.evictions ?? null,
    redisOut: total(servers.map(({ counts }) => counts.evicted)),
  }
}

/** How fast a count rises, a second; a server that was restarted begins anew. */
export function risesOf(samples: readonly Sample[], name: 'nearOut' | 'redisOut'): (number | null)[] {
  return samples.map((one, i) => {
    const before = samples[i - 1]
    const [now, then] = [one[name], before?.[name] ?? null]
    return before && now !== null && then !== null
      ? Math.max(0, now - then) / Math.max(0.001, one.at - before.at)
      : null
  })
}

/** The samples, and one more. */
export function sampled(before: readonly Sample[], now: number, info: Info): readonly Sample[] {
  return [...before, sample(now, info)].slice(-MAX_SAMPLES)
}
