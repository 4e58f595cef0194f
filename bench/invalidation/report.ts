import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import type { InvalidationCosts } from './cost.ts'

export function reportInvalidation(store: string, { plain, bySize }: InvalidationCosts): void {
  print(`\none update, median µs, ${store}; a plain client ${plain.toFixed(0)}`)
  table(
    ['entries', 'whole write', 'overhead', 'invalidation alone', 'Redis commands'],
    bySize.map(({ entries, write, overhead, alone, commands }) => [
      entries,
      write.toFixed(0),
      overhead.toFixed(0),
      alone.toFixed(1),
      commands ?? '-',
    ]),
  )
  const [least, most] = [bySize[0], bySize.at(-1)]
  const ratio = (of: 'write' | 'overhead' | 'alone') => ((most?.[of] ?? 0) / (least?.[of] ?? 0)).toFixed(2)
  print(
    `  ${most?.entries} entries to ${least?.entries}: whole write x${ratio('write')}, overhead x${ratio('overhead')}, invalidation alone x${ratio('alone')}`,
  )
}
