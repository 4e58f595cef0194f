import { inspect, isDeepStrictEqual } from 'node:util'

/** How a call ended. Of an error only what an application tells errors apart by. */
export type Outcome =
  | { readonly value: unknown }
  | { readonly error: { readonly name: string; readonly code: unknown; readonly cause: unknown } }

export async function outcomeOf(call: () => PromiseLike<unknown>): Promise<Outcome> {
  try {
    return { value: await call() }
  } catch (cause) {
    const { name, code } = cause as { name?: unknown; code?: unknown }
    return { error: { name: String(name), code, cause } }
  }
}

/** Equal to the last detail that a program can see: classes, own properties, `-0`. Decimals are such classes too. */
export function sameOutcome(one: Outcome, other: Outcome): boolean {
  if ('value' in one && 'value' in other) return isDeepStrictEqual(one.value, other.value)
  if ('error' in one && 'error' in other)
    return one.error.name === other.error.name && one.error.code === other.error.code
  return false
}

export function show(value: unknown): string {
  return inspect(value, { depth: Number.POSITIVE_INFINITY, breakLength: 120, sorted: false, maxArrayLength: null })
}

export function showOutcome(outcome: Outcome): string {
  if ('value' in outcome) return show(outcome.value)
  return `${outcome.error.name} ${outcome.error.code ?? ''} ${lastLine(outcome.error.cause)}`
}

function lastLine(error: unknown): string {
  return String((error as { message?: unknown } | undefined)?.message ?? error)
    .trim()
    .split('\n')
    .slice(-1)
    .join()
}

/**
 * What a careless caller might do with a result. Should the cache, or a later caller, hold any part of the same value,
 * the next comparison sees it.
 */
export function scribbleOver(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (value instanceof Date) value.setTime(0)
  else if (value instanceof Uint8Array) value.fill(7)
  else if (Array.isArray(value)) {
    for (const element of value) scribbleOver(element)
    value.push('scribble')
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const member of Object.values(value)) scribbleOver(member)
    Object.assign(value, { id: 'scribble', scribble: true })
  }
}
