import { CodecError } from '../errors.ts'
import type { Budget } from './budget.ts'
import { type Cell, lengthOf } from './cells.ts'
import { classOf, KIND_OF, kindFromJson, kindToJson, LIST, OBJECT } from './kinds.ts'
import { assertDepth, type DecimalFactory, type Kind } from './layout.ts'

/**
 * JSON that says itself what it is, for places where values disagree about it: a JSON column with a -0 in it, the result
 * of a raw statement. Scalars of JSON are themselves; anything else is a list that begins with its mark, so that no
 * text can be taken for one: `["d",1700000000000]`, `["[",1,["i",5]]`, `["{","id",1,"at",["d",0]]`.
 */
export function anyToJson(value: unknown, depth: number, budget: Budget): unknown {
  assertDepth(depth)
  const is = classOf(value)
  if (is === LIST) {
    return ['[', ...Array.from(value as readonly unknown[], (element) => anyToJson(element, depth + 1, budget))]
  }
  if (is === OBJECT) {
    const members = Object.entries(value as object)
    return ['{', ...members.flatMap(([key, member]): unknown[] => [key, anyToJson(member, depth + 1, budget)])]
  }
  const kind = KIND_OF.get(is)
  const json = kind ? kindToJson(kind, value) : (value as Cell)
  budget.take(lengthOf(json))
  return kind ? [kind, json] : json
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
