import { CodecError } from '../errors.ts'
import { anyFromJson, setMember } from './any-value.ts'
import { copyJson } from './copy-json.ts'
import { copyOf, kindFromJson } from './kinds.ts'
import { ANY_VALUE, type DecimalFactory, JSON_VALUE, type Kind } from './layout.ts'
import { openColumn } from './read-column.ts'

type Members = Record<string, unknown>

/**
 * The value of a single place, made of its parsed body, which is used up.
 * @throws CodecError (or what parsing throws) for a body that does not fit its shape: both come from outside.
 */
export function readSingle(shape: unknown, body: unknown, decimal: DecimalFactory): unknown {
  if (shape === JSON_VALUE) return body
  if (Array.isArray(shape)) return openColumn(shape[0], body, { decimal, once: true }).fresh()
  if (typeof shape !== 'object' || shape === null) return readScalar(shape, body, decimal)
  const members = membersOf(body)
  for (const field of Object.keys(shape)) {
    assertField(members, field)
    members[field] = readSingle((shape as Members)[field], members[field], decimal)
  }
  return members
}

/** The same as often as it is asked for: the body is kept, and nothing of it is handed out. */
export function prepareSingle(shape: unknown, body: unknown, decimal: DecimalFactory): () => unknown {
  if (shape === JSON_VALUE) return isScalar(body) ? () => body : () => copyJson(body)
  if (Array.isArray(shape)) {
    const column = openColumn(shape[0], body, { decimal, once: false })
    return () => column.fresh().slice()
  }
  if (typeof shape !== 'object' || shape === null) {
    const first = readScalar(shape, body, decimal)
    return shape === ANY_VALUE ? () => readScalar(shape, body, decimal) : () => copyOf(first)
  }
  return prepareObject(shape as Members, membersOf(body), decimal)
}

function prepareObject(shape: Members, body: Members, decimal: DecimalFactory): () => object {
  for (const field of Object.keys(shape)) assertField(body, field)
  // The rest is copied as it is.
  const made = Object.keys(body).flatMap((field) => {
    const own = Object.hasOwn(shape, field) ? shape[field] : JSON_VALUE
    if (own === JSON_VALUE && isScalar(body[field])) return []
    return [{ field, make: prepareSingle(own, body[field], decimal) }]
  })
  return () => {
    const copy = { ...body }
    for (const { field, make } of made) setMember(copy, field, make())
    return copy
  }
}

function readScalar(shape: unknown, body: unknown, decimal: DecimalFactory): unknown {
  return shape === ANY_VALUE ? anyFromJson(body, decimal) : kindFromJson(shape as Kind, body, decimal)
}

function membersOf(body: unknown): Members {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new CodecError('not an object')
  return body as Members
}

/** Only what was parsed is written: an own property, and so never a prototype, whatever the name. */
function assertField(members: Members, field: string): void {
  if (!Object.hasOwn(members, field)) throw new CodecError('a field that is not there')
}

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}
