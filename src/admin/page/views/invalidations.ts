import type { Blame, InvalidatedEntry, InvalidationNote } from '../../recorder/recorder.ts'
import { chart } from '../chart.ts'
import { h, panel } from '../dom.ts'
import { count, moment, short } from '../format.ts'
import { aSecond, seen } from '../seen.ts'
import { liveTable } from '../table.ts'
import { entryLink } from './entry-link.ts'
import type { Page, View } from './view.ts'

const UNKNOWN = 'elsewhere'
const UNKNOWN_TITLE = 'No write of this process: another process, an eviction, or a store that was emptied.'

export function invalidations(page: Page): View {
  const flow = chart({
    label: 'Invalidations, and invalidated entries, per second',
    lines: [
      { name: 'invalidations', color: '--dim' },
      { name: 'entries found dropped', color: '--drop' },
    ],
    format: (value) => short(value),
  })
  const blame = liveTable<Blame>(
    'Writes that invalidate most',
    [
      { title: 'Write', isHead: true, show: ({ by }) => byText(by) },
      { title: 'Entries invalidated', isNumber: true, show: ({ drops }) => count(drops) },
      { title: 'Of models', show: ({ models }) => models.join(', ') },
    ],
    ({ by }) => by ?? '',
    'No recently invalidated entries.',
  )
  const drops = liveTable<InvalidatedEntry>(
    'Invalidated entries, and by which write',
    [
      { title: 'At', class: 'whole', show: ({ at }) => moment(at) },
      { title: 'Entry', class: 'key-cell', show: ({ key }) => entryLink(key, page) },
      { title: 'Dropped by', class: 'whole', show: ({ by }) => byText(by && nameOf(by)) },
      { title: 'Through', show: ({ tags }) => tagList(tags, tags.length) },
    ],
    ({ at, key }) => `${at} ${key}`,
    'No recently invalidated entries.',
  )
  const list = liveTable<InvalidationNote>(
    'Invalidations',
    [
      { title: 'At', class: 'whole', show: ({ at }) => moment(at) },
      { title: 'Cause', class: 'whole', show: (one) => nameOf(one) },
      { title: 'Moved', show: ({ tags, tagCount }) => tagList(tags, tagCount) },
      { title: 'Delivered', show: ({ delivered }) => (delivered ? 'yes' : h('span', { class: 'word-bad' }, 'waits')) },
    ],
    ({ at, cause, tags }) => `${at} ${cause} ${tags.join()}`,
    'No recent invalidations.',
  )
  return {
    title: 'Invalidations',
    elements: [
      panel('Invalidations', 'half', 'a second', flow.element),
      panel(
        'Which writes invalidate most',
        'half',
        'writes, by the entries that were found dropped because of them',
        blame.element,
      ),
      panel('Which write invalidated this entry', '', 'known when the entry is read again', drops.element),
      panel('Invalidations of this process', '', '', list.element),
    ],
    update({ activity }) {
      const series = seen(activity.series)
      flow.update(series.at, [series.invalidate, series.drop].map(aSecond(series, activity.now)))
      blame.update(activity.blame)
      drops.update(activity.drops)
      list.update(activity.invalidations)
    },
  }
}

interface By {
  readonly cause: string
  readonly model?: string | null
  readonly operation?: string | null
}

function nameOf({ cause, model, operation }: By): string {
  // Of raw SQL the operation says it all: `$executeRaw`.
  if (!model || cause === 'raw') return `${cause}${operation ? ` ${operation}` : ''}`
  return `${cause} ${model}.${operation ?? '?'}`
}

function byText(by: string | null): Node | string {
  return by === null
    ? h('span', { class: 'dim', title: UNKNOWN_TITLE }, UNKNOWN)
    : h('span', { class: 'word-drop' }, by)
}

const SHOWN = 4

function tagList(tags: readonly string[], all: number): Node {
  const more = all > SHOWN ? h('span', { class: 'dim' }, `and ${all - SHOWN} more`) : null
  return h(
    'span',
    { title: tags.join('\n') },
    ...tags.slice(0, SHOWN).map((tag) => h('code', { class: 'tag' }, tag)),
    more,
  )
}
