import { CodecError } from '../errors.ts'
import { classOf, KIND_OF, kindFromJson, kindToJson, LIST, NULL, NUMBER, OBJECT, TEXT_OR_BOOLEAN } from './kinds.ts'
import { assertDepth, type DecimalFactory, type Kind } from './layout.ts'

/**
 * JSON that says itself what it is, for places where values disagree about it: a JSON column with a -0 in it, the result
 * of a raw statement. Scalars of JSON are themselves; anything else is a list that begins with its mark, so that no
 * text can be taken for one: `["d",1700000000000]`, `["[",1,["i",5]]`, `["{","id",1,"at",["d",0]]`.
 */
export function anyToJson(value: unknown, depth: number): unknown {
  assertDepth(depth)
  const is = classOf(value)
  if (is & (NULL | TEXT_OR_BOOLEAN | NUMBER)) return value
  if (is === LIST) return ['[', ...Array.from(value as readonly unknown[], (element) => anyToJson(element, depth + 1))]
  if (is !== OBJECT) return [KIND_OF.get(is), kindToJson(KIND_OF.get(is) as Kind, value)]
  return [
    '{',
    ...Object.entries(value as object).flatMap(([key, member]): unknown[] => [key, anyToJson(member, depth + 1)]),
  ]
}

/** @throws for JSON that `anyToJson` does not write: it comes from outside. */
export function anyFromJson(json: unknown, decimal: DecimalFactory): unknown {
  if (!Array.isArray(json)) {
    if (typeof json === 'object' && json !== null) throw new CodecError('a value that does not say what it is')
    return json
  }
  const [mark, ...rest] = json as unknown[]
  if (mark === '[') return rest.map((element) => anyFromJson(element, decimal))
  if (mark === '{') return objectFrom(rest, decimal)
  if (rest.length !== 1) throw new CodecError('a value that does not say what it is')
  return kindFromJson(mark as Kind, rest[0], decimal)
}

function objectFrom(members: readonly unknown[], decimal: DecimalFactory): object {
  const object: Record<string, unknown> = {}
  for (let i = 0; i < members.length; i += 2) {
    const key = members[i]
    if (typeof key !== 'string' || i + 1 === members.length) throw new CodecError('not the members of an object')
    setMember(object, key, anyFromJson(members[i + 1], decimal))
  }
  return object
}

/** A key called `__proto__` becomes a property, as in the original; assigning it would change the prototype. */
export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}
