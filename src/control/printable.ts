/** Enough to see what an entry holds, and no more than a page or a terminal can show. */
const MAX_PARTS = 2000
const MAX_TEXT = 1000
const MAX_DEPTH = 12
const MAX_SHAPE_FIELDS = 40

/**
 * A result as JSON can say it: dates as ISO text, numbers JSON has no word for as text, bytes in hexadecimal. Long texts,
 * long lists and what lies deep are cut, and say so.
 */
export function printable(value: unknown): unknown {
  let parts = 0
  const shown = (one: unknown, depth: number): unknown => {
    parts += 1
    if (typeof one === 'string') return one.length > MAX_TEXT ? `${one.slice(0, MAX_TEXT)}… (${one.length})` : one
    if (typeof one === 'bigint' || (typeof one === 'number' && !Number.isFinite(one))) return String(one)
    if (one instanceof Date) return Number.isNaN(one.getTime()) ? 'Invalid Date' : one.toISOString()
    if (one instanceof Uint8Array) {
      const hex = Buffer.from(one.subarray(0, 64)).toString('hex')
      return `0x${hex}${one.length > 64 ? `… (${one.length} bytes)` : ''}`
    }
    if (typeof one !== 'object' || one === null) return one
    if (depth > MAX_DEPTH) return '…'
    return Array.isArray(one) ? elements(one, depth) : members(one, depth)
  }
  const elements = (list: readonly unknown[], depth: number): unknown[] => {
    const some: unknown[] = []
    for (const element of list) {
      if (parts >= MAX_PARTS) return [...some, `… (${list.length - some.length} more)`]
      some.push(shown(element, depth + 1))
    }
    return some
  }
  const members = (object: object, depth: number): object => {
    const some: [string, unknown][] = []
    const all = Object.entries(object)
    for (const [key, member] of all) {
      if (parts >= MAX_PARTS) return Object.fromEntries([...some, ['…', `${all.length - some.length} more`]])
      some.push([key, shown(member, depth + 1)])
    }
    // `fromEntries` defines: a key called `__proto__` stays one.
    return Object.fromEntries(some)
  }
  return shown(value, 0)
}

/** What a result is made of, without a value: `20 × { id, title, author: { id } }`. */
export function shapeOf(value: unknown, depth = 0): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty list'
    const first = value.find((element) => element !== null)
    return `${value.length} × ${shapeOf(first ?? null, depth)}`
  }
  if (value instanceof Date) return 'date'
  if (value instanceof Uint8Array) return 'bytes'
  if (typeof value !== 'object') return typeof value === 'bigint' ? 'integer' : typeof value
  const names = Object.entries(value).map(([name, member]) => {
    const isNested = typeof member === 'object' && member !== null && !(member instanceof Date)
    return isNested && !(member instanceof Uint8Array) && depth < 2 ? `${name}: ${shapeOf(member, depth + 1)}` : name
  })
  const more = names.length > MAX_SHAPE_FIELDS ? [...names.slice(0, MAX_SHAPE_FIELDS), '…'] : names
  return more.length === 0 ? '{}' : `{ ${more.join(', ')} }`
}
