import { checkOfKey } from '../codec/check.ts'
import type { Scope } from '../events.ts'
import { canonicalText } from '../query/canonical-text.ts'
import { digestIn } from '../read/cache-key.ts'
import { isNoScope } from '../read/scope.ts'
import { type Tag, valueTag } from '../tags/tag.ts'
import type { ValueContext } from './value-context.ts'

/** Where a value lies. */
export interface ValueId {
  /** `{prefix}data:{name}` */
  readonly key: string
  /** The tag that moves when it is deleted or written over. */
  readonly own: Tag
  /** What its entry says of the key. */
  readonly check: string
  /** In which it was asked for. */
  readonly scope?: Scope
}

/** Longer names are kept by their digest. */
const MAX_LENGTH = 512

/**
 * What a key of the application's is in the store. In a scope (`vary`), or under a `version`, another one than outside of
 * it; what is made here begins with `~`, as no key of the application's does.
 *
 * @returns `undefined` where there is no scope, and must be one.
 * @throws what `vary` throws.
 */
export function valueId(name: string, { read, version }: ValueContext): ValueId | undefined {
  const scope = read.vary?.()
  if (read.requireScope && isNoScope(scope)) return undefined
  const isPlain = read.vary === undefined && version === ''
  const place = isPlain ? '' : `~${digestIn(read, canonicalText([version, scope])).slice(0, 22)}:`
  const id = idOf(read.prefix, place + (name.length > MAX_LENGTH ? `~~${digestIn(read, name)}` : name))
  return scope === undefined ? id : { ...id, scope }
}

/** Of a key as the store has it; `undefined` for that of a query. */
export function idOfKey(prefix: string, key: string): ValueId | undefined {
  const begins = `${prefix}data:`
  return key.startsWith(begins) ? idOf(prefix, key.slice(begins.length)) : undefined
}

function idOf(prefix: string, place: string): ValueId {
  const key = `${prefix}data:${place}`
  return { key, own: valueTag(place), check: checkOfKey(key) }
}
