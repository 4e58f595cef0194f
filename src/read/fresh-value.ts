import { type DecimalFactory, decode, holdsDecimals } from '../codec/typed-json.ts'
import type { ReadContext } from './read-context.ts'
import { copyOf, type RecentEntry } from './recent-entries.ts'

/**
 * A fresh value each time: what a caller does to it must not reach the next one. No promise where none is needed.
 * @throws (or rejects with) CodecError
 */
export function freshValue(payload: string, context: ReadContext, recent?: RecentEntry): unknown {
  const make = (decimal: DecimalFactory) => (recent ? copyOf(recent, decimal) : decode(payload, decimal))
  return holdsDecimals(payload) ? context.decimals.ready().then(make) : make(NO_DECIMALS)
}

const NO_DECIMALS: DecimalFactory = () => {
  throw new TypeError('no Decimal was expected')
}
