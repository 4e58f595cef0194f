import type { DecimalFactory } from '../../src/codec/layout.ts'
import { CodecError } from '../../src/errors.ts'
import { isDecimal, isPlainObject } from '../../src/query/canonical-text.ts'

/**
 * The codec of the entries `qc2`, kept to be compared with: one object a row.
 *
 * JSON that gives back exactly what Prisma returned: Date, Decimal, BigInt, Bytes, and the numbers JSON has no word for.
 *
 * A payload is two lines: a tree of the places that need restoring, then the JSON. The kinds stand beside the values,
 * not inside them, so that no text of a user can be taken for a mark of ours, and decoding visits those places only.
 * The tree is `"d"` (a kind), `{ "field": tree }`, `[tree]` (every element of a list: rows share their columns' kinds)
 * or `{ "#": { "3": tree } }` (elements one by one, where they disagree).
 *
 *     [{"createdAt":"d"}]
 *     [{"id":1,"createdAt":1700000000000},{"id":2,"createdAt":null}]
 *
 * @throws CodecError for a value that could not be given back exactly.
 */
export function encode(value: unknown): string {
  return encodeWith(value, true) ?? (encodeWith(value, false) as string)
}

/** @throws CodecError for text `encode` did not write. */
export function decode(payload: string, decimal: DecimalFactory): unknown {
  const end = payload.indexOf('\n')
  if (end < 0) throw new CodecError('no payload')
  try {
    const value: unknown = JSON.parse(payload.slice(end + 1))
    return end === 0 ? value : restore(JSON.parse(payload.slice(0, end)) as Tree, value, decimal)
  } catch (error) {
    throw error instanceof CodecError ? error : new CodecError('unreadable payload', { cause: error })
  }
}

/** `d` Date · `D` Decimal · `i` BigInt · `b` Uint8Array · `B` Buffer · `n` NaN, ±Infinity, -0 */
type Kind = 'd' | 'D' | 'i' | 'b' | 'B' | 'n'
type Tree = Kind | [Tree] | { readonly [field: string]: Tree }

/** A place in the value and what was seen there; in a list with shared kinds, one place stands for all elements. */
interface Place {
  seen?: Kind | 'plain' | 'container'
  fields?: Map<string, Place>
  element?: Place
  elements?: Map<string, Place>
}

/** The farthest a Date reaches, milliseconds either side of 1970. */
const MAX_TIME = 8.64e15
/** Deeper than any result; a value that contains itself must not end in a stack overflow. */
const MAX_DEPTH = 200

/** `undefined` when elements of a list disagree about a kind, which the shared form cannot say. */
function encodeWith(value: unknown, shareKinds: boolean): string | undefined {
  const root: Place = {}
  let agrees = true
  const json = JSON.stringify(strip(value, root, 0))
  const tree = treeOf(root, () => {
    agrees = false
  })
  if (!agrees) return undefined
  return `${tree === undefined ? '' : JSON.stringify(tree)}\n${json}`

  function strip(value: unknown, place: Place, depth: number): unknown {
    if (value === null) return null
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return seen(place, 'plain', value)
      case 'number':
        if (Object.is(value, -0)) return seen(place, 'n', '-0')
        return Number.isFinite(value) ? seen(place, 'plain', value) : seen(place, 'n', String(value))
      case 'bigint':
        return seen(place, 'i', String(value))
      case 'object':
        return stripObject(value, place, depth)
      default:
        throw new CodecError(`a value of type ${typeof value} cannot be stored`)
    }
  }

  function stripObject(value: object, place: Place, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new CodecError('the value is nested too deeply to be stored')
    if (Array.isArray(value)) {
      seen(place, 'container', undefined)
      return value.map((element, i) => strip(element, elementPlace(place, i), depth + 1))
    }
    if (isPlainObject(value)) {
      seen(place, 'container', undefined)
      const fields = (place.fields ??= new Map())
      // Null-prototyped: assigning a key called `__proto__` makes a property, as in the original.
      const json: Record<string, unknown> = Object.create(null)
      for (const key of Object.keys(value)) {
        let field = fields.get(key)
        if (!field) fields.set(key, (field = {}))
        json[key] = strip(value[key], field, depth + 1)
      }
      return json
    }
    if (value instanceof Date && !Number.isNaN(value.getTime())) return seen(place, 'd', value.getTime())
    if (Buffer.isBuffer(value)) return seen(place, 'B', value.toString('base64'))
    if (value instanceof Uint8Array && value.constructor === Uint8Array) {
      return seen(place, 'b', Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'))
    }
    if (isDecimal(value)) return seen(place, 'D', String(value))
    throw new CodecError(`an instance of ${value.constructor?.name} cannot be stored`)
  }

  function elementPlace(place: Place, index: number): Place {
    if (shareKinds) return (place.element ??= {})
    const one: Place = {}
    ;(place.elements ??= new Map()).set(String(index), one)
    return one
  }

  function seen(place: Place, kind: Kind | 'plain' | 'container', json: unknown): unknown {
    // `null` leaves no trace: it is its own text under every kind. Plain values and containers need no restoring, so
    // they agree with each other, but neither agrees with a kind.
    if (place.seen === undefined || place.seen === 'plain') {
      if (place.seen === 'plain' && isKind(kind)) agrees = false
      place.seen = kind
    }
    if (place.seen !== kind && (isKind(place.seen) || isKind(kind))) agrees = false
    return json
  }
}

function isKind(seen: Kind | 'plain' | 'container'): seen is Kind {
  return seen !== 'plain' && seen !== 'container'
}

function treeOf(place: Place, disagree: () => void): Tree | undefined {
  if (place.seen === undefined || place.seen === 'plain') return undefined
  if (place.seen !== 'container') return place.seen
  const element = place.element && treeOf(place.element, disagree)
  const elements = place.elements && treesOf(place.elements, disagree)
  const fields = place.fields && treesOf(place.fields, disagree)
  // A list here and an object there, both with typed values: one tree cannot say which is which.
  if (element !== undefined && fields) disagree()
  if (fields && Object.hasOwn(fields, '#')) throw new CodecError('a typed value in a field called # cannot be stored')
  if (element !== undefined) return [element]
  return elements ? { '#': elements } : fields
}

function treesOf(places: ReadonlyMap<string, Place>, disagree: () => void): { [field: string]: Tree } | undefined {
  let trees: { [field: string]: Tree } | undefined
  for (const [key, place] of places) {
    const tree = treeOf(place, disagree)
    if (tree === undefined) continue
    if (key === '__proto__') throw new CodecError('a typed value in a field called __proto__ cannot be stored')
    trees ??= {}
    trees[key] = tree
  }
  return trees
}

function restore(tree: Tree, value: unknown, decimal: DecimalFactory): unknown {
  if (value === null) return null
  if (typeof tree === 'string') return restoreKind(tree, value, decimal)
  if (typeof value !== 'object') return value
  if (Array.isArray(tree)) {
    if (!Array.isArray(value)) return value
    for (let i = 0; i < value.length; i += 1) value[i] = restore(tree[0], value[i], decimal)
    return value
  }
  const places = Array.isArray(value) ? tree['#'] : tree
  if (typeof places !== 'object' || Array.isArray(places)) return value
  const members = value as Record<string, unknown>
  for (const key of Object.keys(places)) {
    // The tree comes from outside: only own properties are written, and never the prototype.
    if (key === '__proto__' || !Object.hasOwn(members, key)) continue
    members[key] = restore(places[key] as Tree, members[key], decimal)
  }
  return value
}

function restoreKind(kind: Kind, value: unknown, decimal: DecimalFactory): unknown {
  if (kind === 'd') {
    if (typeof value === 'number' && Math.abs(value) <= MAX_TIME) return new Date(value)
  } else if (typeof value === 'string') {
    switch (kind) {
      case 'D':
        return decimal(value)
      case 'i':
        return BigInt(value)
      case 'n':
        return Number(value)
      case 'b':
        return new Uint8Array(Buffer.from(value, 'base64'))
      case 'B':
        return Buffer.from(value, 'base64')
    }
  }
  throw new CodecError(`a value does not fit its kind ${JSON.stringify(kind)}`)
}
