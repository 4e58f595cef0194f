import { CodecError } from '../errors.ts'
import { Budget } from './budget.ts'
import { ANY_VALUE, type DecimalFactory, JSON_VALUE } from './layout.ts'
import { assertNesting } from './nesting.ts'
import { prepareSingle, readSingle } from './read-value.ts'
import { writeSingle } from './write-value.ts'

export type { DecimalFactory } from './layout.ts'

/**
 * JSON that gives back exactly what Prisma returned: Date, Decimal, BigInt, Bytes, and the numbers JSON has no word for.
 * Its layout is told in `layout.ts`.
 *
 * @throws CodecError for a value that could not be given back exactly, OversizeError for one that would take more than
 *   `most` characters: soon, before there is a text. One that is not much longer may be written all the same.
 */
export function encode(value: unknown, most = Number.POSITIVE_INFINITY): string {
  const written = writeSingle(value, new Budget(most))
  const body = JSON.stringify(written.body)
  if (written.shape === JSON_VALUE) return `\n${body}`
  const shape = JSON.stringify(written.shape)
  // A field called `D` is taken for one as well, which costs its readers nothing but a look at the client.
  const holds = shape.includes('"D"') || (shape.includes(`"${ANY_VALUE}"`) && body.includes('["D",'))
  return `${holds ? 'D' : ''}${shape}\n${body}`
}

/**
 * The value, another one each time.
 * @throws CodecError for text `encode` did not write.
 */
export function decode(payload: string, decimal: DecimalFactory): unknown {
  return guarded(() => {
    const { shape, body } = parse(payload)
    return readSingle(shape, body, decimal)
  })
}

/**
 * Parses once for many reads: the function returned gives the value as `decode` does, another one each time, at the cost
 * of a copy. It keeps the payload's values, in columns where they were.
 * @throws CodecError, as does the function returned, for text `encode` did not write.
 */
export function prepared(payload: string, decimal: DecimalFactory): () => unknown {
  const make = guarded(() => {
    const { shape, body } = parse(payload)
    return prepareSingle(shape, body, decimal)
  })
  return () => guarded(make)
}

/** Whether the value is `null`, told without decoding it. */
export function isNull(payload: string): boolean {
  return payload === '\nnull'
}

/** Whether decoding will ask for a Decimal. */
export function holdsDecimals(payload: string): boolean {
  return payload.startsWith('D')
}

function parse(payload: string): { shape: unknown; body: unknown } {
  const end = payload.indexOf('\n')
  if (end < 0) throw new CodecError('no payload')
  const shape = end === 0 ? JSON_VALUE : shapeOf(payload.slice(holdsDecimals(payload) ? 1 : 0, end))
  return { shape, body: parseJson(payload.slice(end + 1)) }
}

/** Entries of one query have one shape, and to parse it would be half the cost of reading a single row. */
function shapeOf(text: string): unknown {
  const known = shapes.get(text)
  if (known !== undefined) return known
  const shape = parseJson(text)
  if (text.length <= MAX_SHAPE_LENGTH) {
    if (shapes.size >= MAX_SHAPES) shapes.clear()
    shapes.set(text, shape)
  }
  return shape
}

function parseJson(text: string): unknown {
  assertNesting(text)
  return JSON.parse(text)
}

const MAX_SHAPES = 1000
const MAX_SHAPE_LENGTH = 2000
/** Read, and never handed out. */
const shapes = new Map<string, unknown>()

function guarded<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    if (error instanceof CodecError) throw error
    // By its name alone: what parsers say quotes what they could not read, and this reaches listeners and logs.
    throw new CodecError(`unreadable payload: ${error instanceof Error ? error.name : typeof error}`)
  }
}
