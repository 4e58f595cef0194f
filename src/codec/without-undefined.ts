import { isPlainObject } from '../query/canonical-text.ts'
import { setMember } from './any-value.ts'
import { assertDepth } from './layout.ts'

/**
 * The value without the members that are `undefined`, as JSON has it: rows have none, what functions return often does.
 * The value itself where there are none. In a list `undefined` has a place, and stays.
 *
 * @throws CodecError for a value that contains itself.
 */
export function withoutUndefined(value: unknown, depth = 0): unknown {
  assertDepth(depth)
  if (Array.isArray(value)) {
    const items = value.map((item) => withoutUndefined(item, depth + 1))
    return items.some((item, i) => item !== value[i]) ? items : value
  }
  if (!isPlainObject(value)) return value
  const members = Object.keys(value).map((key) => [key, withoutUndefined(value[key], depth + 1)] as const)
  if (members.every(([key, member]) => member !== undefined && member === value[key])) return value
  const object: Record<string, unknown> = {}
  for (const [key, member] of members) if (member !== undefined) setMember(object, key, member)
  return object
}
