import { setMember } from '../codec/any-value.ts'

/**
 * Arguments as they are now, however the caller changes them later. What is no plain object, list, date or bytes has no
 * parts that change: decimals, field references, Prisma's own nulls.
 */
export function snapshotOf<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copy)
  if (value instanceof Date) return new Date(value)
  if (value instanceof Uint8Array) return value.slice()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const copied: Record<string, unknown> = {}
  for (const name of Object.keys(value)) setMember(copied, name, copy((value as Record<string, unknown>)[name]))
  return copied
}
