import type { Note } from '../../recorder/recorder.ts'
import type { Info } from '../api.ts'
import { meter } from '../bars.ts'
import { chart } from '../chart.ts'
import { fill, h, panel } from '../dom.ts'
import { bytes, count, many, moment, ms, percent, short, span } from '../format.ts'
import { risesOf } from '../samples.ts'
import { liveTable } from '../table.ts'
import type { View } from './view.ts'

const FULL = 0.9
const BAD: ReadonlySet<Note['kind']> = new Set(['error', 'alert', 'stale'] as const)

export function store(): View {
  const near = h('div')
  const nearPanel = panel('In this process', 'half', 'entries of a memory store, or copies in front of Redis', near)
  const servers = h('div')
  const serversPanel = panel('Redis', 'half', 'in its own words; of all applications it serves', servers)
  const sizes = chart({
    label: 'Memory used',
    lines: [
      { name: 'in this process', color: '--hit' },
      { name: 'Redis, with everything in it', color: '--drop' },
    ],
    scale: 'binary',
    format: bytes,
  })
  const evictions = chart({
    label: 'Evicted entries and keys per second',
    lines: [
      { name: 'in this process', color: '--hit' },
      { name: 'Redis', color: '--drop' },
    ],
    format: (value) => short(value),
  })
  const notes = liveTable<Note>(
    'What happened',
    [
      { title: 'At', class: 'whole', show: ({ at }) => moment(at) },
      {
        title: 'What',
        class: 'whole',
        show: ({ kind }) => (BAD.has(kind) ? h('span', { class: 'word-bad' }, kind) : kind),
      },
      { title: 'Said', class: 'wide', show: ({ text }) => text },
    ],
    ({ at, kind, text }) => `${at} ${kind} ${text}`,
    'No faults and no changes.',
  )
  const bypasses = liveTable<readonly [reason: string, count: number]>(
    'Reads that bypassed the cache, by reason',
    [
      { title: 'Reason', isHead: true, show: ([reason]) => reason },
      { title: 'Reads', isNumber: true, show: ([, reads]) => count(reads) },
    ],
    ([reason]) => reason,
    'No read bypassed the cache.',
  )
  return {
    title: 'Store',
    elements: [
      nearPanel,
      serversPanel,
      panel('Memory', 'half', 'since this page was opened', sizes.element),
      panel('Evictions', 'half', 'a second, since this page was opened', evictions.element),
      panel('Faults, and changes by operators', 'two-thirds', 'newest first', notes.element),
      panel('Why reads bypass', 'third', 'since this process began', bypasses.element),
    ],
    update({ activity, info, stats, samples }) {
      fill(near, ...localFacts(info))
      fill(
        servers,
        ...(info.servers.length === 0
          ? [h('p', { class: 'dim' }, 'There is no Redis: every process has a cache of its own.')]
          : info.servers.flatMap(serverFacts)),
      )
      notes.update(activity.notes)
      const at = samples.map((one) => one.at)
      sizes.update(at, [samples.map((one) => one.near), samples.map((one) => one.redis)])
      evictions.update(at, [risesOf(samples, 'nearOut'), risesOf(samples, 'redisOut')])
      bypasses.update(Object.entries(stats.stats.bypasses).sort(([, one], [, other]) => other - one))
    },
  }
}

const facts = (...pairs: (readonly [string, Node | string])[]) =>
  h('dl', { class: 'facts' }, ...pairs.flatMap(([name, said]) => [h('dt', {}, name), h('dd', {}, said)]))

function localFacts({ local, store: name }: Info): Node[] {
  if (!local) return [h('p', { class: 'dim' }, `Nothing is kept in this process; the store is ${name}.`)]
  const { entries, bytes: used, maxEntries, maxBytes, evictions } = local
  return [
    facts(
      ['Entries', filled(entries / maxEntries, false, `${count(entries)} of ${count(maxEntries)}`)],
      ['Size', filled(used / maxBytes, false, `${bytes(used)} of ${bytes(maxBytes)}`)],
      ['Evicted', `${count(evictions)} because of these limits`],
    ),
  ]
}

function serverFacts(server: Info['servers'][number]): Node[] {
  const {
    address,
    error,
    version,
    role,
    memory,
    counts,
    keys,
    clients,
    persistence,
    commandsPerSecond,
    latencyMs,
    uptimeSeconds,
  } = server
  if (error !== null) return [facts(['Server', address], ['State', h('span', { class: 'word-bad' }, error)])]
  const asked = (counts.hits ?? 0) + (counts.misses ?? 0)
  const used = memory.maxBytes
    ? filled(
        (memory.usedBytes ?? 0) / memory.maxBytes,
        memory.policy === 'noeviction',
        `${bytes(memory.usedBytes)} of ${bytes(memory.maxBytes)}, ${memory.policy ?? '?'}`,
      )
    : h('span', {}, `${bytes(memory.usedBytes)}, `, h('span', { class: 'word-bad' }, 'without a limit'))
  return [
    facts(
      ['Server', `${address}, version ${version ?? '?'}, ${role ?? '?'}, up ${span(1000 * (uptimeSeconds ?? 0))}`],
      ['Memory', used],
      ['Evicted', `${many(counts.evicted, 'key')}; ${count(counts.expired)} expired`],
      ['Keys', `${count(keys.total)}, ${count(keys.expiring)} of them with a TTL`],
      ['Its own hits', asked === 0 ? '–' : percent((counts.hits ?? 0) / asked)],
      [
        'Commands',
        `${count(commandsPerSecond)} a second; ${many(clients.connected, 'client')}; round trip ${ms(latencyMs)}`,
      ],
      [
        'Persistence',
        persistence.ok === false
          ? h('span', { class: 'word-bad' }, 'the last save failed')
          : persistence.aof
            ? 'append-only file'
            : 'no append-only file',
      ],
    ),
  ]
}

/** What evicts may be full; what does not takes nothing more then. */
function filled(share: number, isLimit: boolean, text: string): Node {
  return h('div', {}, text, meter(share, isLimit && share > FULL))
}
