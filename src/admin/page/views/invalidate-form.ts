import { api } from '../api.ts'
import { fill, h, panel } from '../dom.ts'
import { many } from '../format.ts'
import type { Known, Page } from './view.ts'

/** Drops by name, warms, clears; not there where nothing may be changed. */
export function invalidateForm(
  page: Page,
  changed: () => Promise<void>,
): { readonly elements: readonly HTMLElement[]; update(known: Known): void } {
  const field = (name: string, label: string, placeholder: string) =>
    h('label', {}, label, h('input', { name, placeholder, spellcheck: 'false', autocomplete: 'off' }))
  const form = h(
    'form',
    {
      class: 'row',
      submit(event) {
        event.preventDefault()
        void page.attempt(submit)
      },
    },
    field('models', 'Models', 'User, Post'),
    field('tags', 'Tags of your own', 'catalog'),
    field('pattern', 'Keys like', 'User:findMany:*'),
    h(
      'label',
      { class: 'check' },
      h('input', { type: 'checkbox', name: 'soft' }),
      'soft: for 30 s it may still be served, as stale, while it is renewed',
    ),
    h('button', { type: 'submit', class: 'primary' }, 'Invalidate'),
  )
  const warmers = h('div', { class: 'row' })
  const warming = panel('Warm', 'half', 'makes the reads of a warmer now', warmers)
  const clearing = panel(
    'Clear',
    'half',
    'every entry of this prefix, in all processes',
    h('button', { type: 'button', class: 'danger', click: () => void page.attempt(clear) }, 'Clear the cache'),
  )
  const invalidating = panel('Invalidate', '', 'no read that begins afterwards sees the state before', form)
  let names = ''

  async function submit(): Promise<void> {
    const data = new FormData(form)
    const list = (name: string) =>
      String(data.get(name) ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
    const [models, tags, [pattern]] = [list('models'), list('tags'), [String(data.get('pattern') ?? '').trim()]]
    const target = {
      ...(models.length > 0 && { models }),
      ...(tags.length > 0 && { tags }),
      ...(pattern && { pattern }),
      ...(data.has('soft') && { soft: true }),
    }
    const named = [
      models.length > 0 && `models ${models.join(', ')}`,
      tags.length > 0 && `tags ${tags.join(', ')}`,
      pattern && `keys like ${pattern}`,
    ].filter(Boolean)
    // What is wrong with an empty form the API says.
    if (
      named.length > 0 &&
      !(await page.confirm('Invalidate?', `${named.join('; ')}, for all processes.`, 'Invalidate'))
    ) {
      return
    }
    const done = await api.invalidate(target)
    const removed = done.keys > 0 ? ` Removed ${many(done.keys, 'entry', 'entries')}.` : ''
    page.tell(`Invalidated ${many(done.tags ?? 0, 'tag')}. Entries that depend on them are no longer served.${removed}`)
    form.reset()
    await changed()
  }

  async function clear(): Promise<void> {
    const sure = await page.confirm(
      'Clear the cache?',
      'Every entry is removed, for all processes. The database answers until they are stored again.',
      'Clear',
    )
    if (!sure) return
    const { keys } = await api.clear()
    page.tell(`${many(keys, 'entry', 'entries')} removed.`)
    await changed()
  }

  async function warm(name: string): Promise<void> {
    page.tell(`Warming ${name} …`)
    const { outcomes } = await api.warm(name)
    const states = outcomes.map((outcome) => ('state' in outcome ? String(outcome.state) : '?'))
    page.tell(`${name}: ${states.map((state) => (state === 'end' ? 'done' : state)).join(', ')}.`)
    await changed()
  }

  return {
    elements: [invalidating, warming, clearing],
    update({ stats }) {
      for (const element of [invalidating, clearing]) element.hidden = stats.readOnly
      const { warmers: known } = stats
      warming.hidden = stats.readOnly || !known?.length
      clearing.classList.toggle('half', !warming.hidden)
      if (!known || known.join() === names) return
      names = known.join()
      fill(
        warmers,
        ...known.map((name) => h('button', { type: 'button', click: () => void page.attempt(() => warm(name)) }, name)),
      )
    },
  }
}
