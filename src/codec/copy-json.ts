import { setMember } from './any-value.ts'

/** A copy of what `JSON.parse` gave. */
export function copyJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyJson)
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setMember(copy, key, copyJson((value as Record<string, unknown>)[key]))
  return copy
}
