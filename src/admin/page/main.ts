import { ApiError, api, decoded } from './api.ts'
import { byId, fill, setText } from './dom.ts'
import { clock, span } from './format.ts'
import { sampled } from './samples.ts'
import { entries } from './views/entries.ts'
import { invalidations } from './views/invalidations.ts'
import { overview } from './views/overview.ts'
import { store } from './views/store.ts'
import type { Known, Page, View } from './views/view.ts'

const EVERY_MS = 5000

const main = byId('main')
const live = byId<HTMLButtonElement>('live')
const shownWindow = byId<HTMLSelectElement>('window')
const signInDialog = byId<HTMLDialogElement>('sign-in')
const state = byId('state')

const page: Page = {
  tell(text, isBad = false) {
    const told = byId('told')
    told.classList.toggle('fault', isBad)
    told.textContent = text
    clearTimeout(toldTimer)
    if (!isBad) toldTimer = setTimeout(() => setText(told, ''), 8000)
  },
  async confirm(title, text, yes) {
    const dialog = byId<HTMLDialogElement>('ask')
    byId('ask-title').textContent = title
    byId('ask-text').textContent = text
    byId('ask-yes').textContent = yes
    dialog.returnValue = 'no'
    dialog.showModal()
    await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
    return dialog.returnValue === 'yes'
  },
  openEntry(key) {
    const hash = `#/entries/${encodeURIComponent(key)}`
    // Opened once more, it is looked at once more.
    if (location.hash === hash) route()
    else location.hash = hash
  },
  async attempt(run) {
    try {
      await run()
    } catch (error) {
      failed(error)
    }
  },
}
let toldTimer: ReturnType<typeof setTimeout> | undefined

const views: Readonly<Record<string, () => View>> = {
  overview: () => overview(page, () => opened('overview')),
  invalidations: () => invalidations(page),
  entries: () => entries(page, () => opened('entries')),
  store: () => store(),
}
const made = new Map<string, View>()
let current: View | undefined
let known: Known | undefined

/** What stands behind the view's name in the address: a key, or an operation. */
function opened(name: string): string | null {
  const before = `#/${name}/`
  return location.hash.startsWith(before) ? decoded(location.hash.slice(before.length)) : null
}

/** Shows the view that the address names. */
function route(): void {
  const [, asked = ''] = /^#\/(\w+)/.exec(location.hash) ?? []
  const name = Object.hasOwn(views, asked) ? asked : 'overview'
  let view = made.get(name)
  if (!view) made.set(name, (view = (views[name] as () => View)()))
  for (const link of document.querySelectorAll('#nav a')) {
    if (link.getAttribute('href') === `#/${name}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  document.title = `${view.title} · Query cache`
  if (current !== view) {
    current = view
    fill(main, ...view.elements)
  }
  view.open?.()
  if (known) view.update(known)
}

let asking = false
let isAskedAgain = false
let goneSince: number | undefined

/** Asks anew; once more when it is called meanwhile, since what is wanted may be another. */
async function refresh(): Promise<void> {
  if (signInDialog.open) return
  if (asking) {
    isAskedAgain = true
    return
  }
  asking = true
  try {
    const [stats, activity, info, advice] = await Promise.all([
      api.stats(),
      api.activity(Number(shownWindow.value), opened('overview')),
      api.info(),
      api.advice(),
    ])
    if (goneSince !== undefined) page.tell('The process answers again.')
    goneSince = undefined
    known = { stats, activity, info, advice, samples: sampled(known?.samples ?? [], activity.now, info) }
    showState(known)
    current?.update(known)
    byId('sign-out').hidden = !api.hasToken
    document.body.dataset['ready'] = 'yes'
  } catch (error) {
    failed(error)
  } finally {
    asking = false
    main.classList.toggle('old', goneSince !== undefined)
    if (isAskedAgain) {
      isAskedAgain = false
      void refresh()
    }
  }
}

/** Those that have answered; in containers they may all have the same id. */
const processes: { readonly pid: number; readonly began: number }[] = []
const SAME_SECONDS = 10
let lastProcess = -1
let areSeveral = false

/** A balancer in front hands each question to another process, and each knows of itself alone. */
function noteProcess(pid: number, began: number): void {
  const place = processes.findIndex((one) => one.pid === pid && Math.abs(one.began - began) < SAME_SECONDS)
  // One that is new may have taken the place of the last one; one that had answered before has not.
  if (place >= 0 && place !== lastProcess) areSeveral = true
  lastProcess = place >= 0 ? place : processes.push({ pid, began }) - 1
}

function showState({ stats, info, activity }: Known): void {
  const { state: is } = stats.stats.store
  setText(state, is === 'ok' ? `${info.store} · ok` : `${info.store} · ${is}`)
  state.className = is === 'ok' ? 'pill good' : 'pill bad'
  const { pid, upSeconds } = stats.process
  noteProcess(pid, activity.now / 1000 - upSeconds)
  const process = byId('process')
  process.classList.toggle('word-bad', areSeveral)
  setText(
    process,
    areSeveral
      ? 'several processes answer in turn: open each by its own address'
      : `process ${pid}, up ${span(1000 * upSeconds)}${stats.readOnly ? ', read-only' : ''}`,
  )
}

function failed(error: unknown): void {
  if (error instanceof ApiError && error.status === 401) {
    signIn()
    return
  }
  if (error instanceof ApiError && error.status === 0) {
    goneSince ??= Date.now()
    setText(state, `no answer since ${clock(goneSince)}`)
    state.className = 'pill bad'
  }
  page.tell(error instanceof Error ? error.message : String(error), true)
}

function signIn(): void {
  if (signInDialog.open) return
  setText(byId('sign-in-fault'), api.hasToken ? 'Wrong token.' : '')
  api.signOut()
  signInDialog.showModal()
}

signInDialog.addEventListener('submit', () => {
  const input = byId<HTMLInputElement>('token')
  api.signIn(input.value)
  input.value = ''
  setTimeout(() => void refresh())
})
// There is nothing behind it to go back to.
signInDialog.addEventListener('cancel', (event) => event.preventDefault())

byId('sign-out').addEventListener('click', () => {
  api.signOut()
  known = undefined
  location.reload()
})
live.addEventListener('click', () => {
  const isLive = live.getAttribute('aria-pressed') !== 'true'
  live.setAttribute('aria-pressed', String(isLive))
  setText(live, isLive ? 'Live' : 'Paused')
  if (isLive) void refresh()
})
shownWindow.addEventListener('change', () => void refresh())
byId('theme').addEventListener('click', () => {
  const root = document.documentElement
  const isDark = root.dataset['theme']
    ? root.dataset['theme'] === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches
  root.dataset['theme'] = isDark ? 'light' : 'dark'
  localStorage.setItem('prisma-query-cache-theme', root.dataset['theme'])
  dispatchEvent(new Event('themechange'))
})
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => dispatchEvent(new Event('themechange')))
addEventListener('hashchange', () => {
  // A link that brings the token, opened in a tab that has the page already.
  const isAnother = api.takeToken()
  if (isAnother && signInDialog.open) signInDialog.close()
  route()
  if (isAnother || location.hash.startsWith('#/overview')) void refresh()
})
byId('skip').addEventListener('click', (event) => {
  // Its address would be taken for that of a view.
  event.preventDefault()
  main.focus()
})
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && live.getAttribute('aria-pressed') === 'true') void refresh()
})

const theme = localStorage.getItem('prisma-query-cache-theme')
if (theme) document.documentElement.dataset['theme'] = theme
api.takeToken()
route()
void refresh()
setInterval(() => {
  if (!document.hidden && live.getAttribute('aria-pressed') === 'true') void refresh()
}, EVERY_MS)
