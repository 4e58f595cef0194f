import { CacheConfigError, show } from '../errors.ts'
import { optionalPackage } from '../optional-package.ts'

/** When something is due: the first moment after `now` (epoch ms); `undefined`: never again. */
export type Schedule = (now: number) => number | undefined

/** At equal distances, counted from the epoch: at the same moments in every process, and no later for having been late. */
export function everyMs(ms: number): Schedule {
  return (now) => (Math.floor(now / ms) + 1) * ms
}

/** @throws CacheConfigError for what is no cron expression, an unknown time zone, and without the package that reads it. */
export function cron(expression: string, timeZone: string | undefined, option: string): Schedule {
  const { Cron } = (optionalPackage('croner') ?? {}) as { readonly Cron?: CronClass }
  if (!Cron) {
    throw new CacheConfigError(
      option,
      'cron expressions are read by `croner`, which is not installed',
      'npm install croner',
    )
  }
  try {
    // Paused: it says when, the waiting is done here.
    const job = new Cron(expression, { paused: true, ...(timeZone !== undefined && { timezone: timeZone }) })
    job.nextRun(new Date(0))
    return (now) => job.nextRun(new Date(now))?.getTime()
  } catch (error) {
    const fix = `Give five fields, minute to weekday, or six from the second on: \`*/5 * * * *\`. (${(error as Error).message})`
    throw new CacheConfigError(
      option,
      `got ${show(expression)}${timeZone === undefined ? '' : ` in ${show(timeZone)}`}`,
      fix,
    )
  }
}

type CronClass = new (
  expression: string,
  options: { readonly paused: true; readonly timezone?: string },
) => { nextRun(from: Date): Date | null }
