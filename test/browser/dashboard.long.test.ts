import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { buildPage } from '../../scripts/build-page.ts'
import type { AdminOptions } from '../../src/admin/index.ts'
import type { CacheOptions } from '../../src/index.ts'
import { did, useSpec } from '../spec/support.ts'
import { openPage, startBrowser } from '../support/browser.ts'
import { useTestBed } from '../support/matrix.ts'

const TOKEN = 'a-token-of-some-length'
const VIEWS = ['overview', 'invalidations', 'entries', 'store'] as const
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const pictures = fileURLToPath(new URL('../.generated/screenshots', import.meta.url))

/** What of a canvas is used: this side knows no page. */
interface Canvas {
  readonly width: number
  readonly height: number
  getContext(kind: '2d'): {
    getImageData(x: number, y: number, width: number, height: number): { readonly data: readonly number[] }
  }
}

/** What makes a page wider than its window; `[]` when it fits. */
const STICKING_OUT = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth === clientWidth) return []
  const wide = [...document.querySelectorAll('body *')].filter((one) => one.getBoundingClientRect().right > clientWidth)
  return [scrollWidth + ' of ' + clientWidth, ...wide.map((one) => one.tagName + ' ' + one.id + ' ' + one.className)]
})()`

let browser: Browser
let admin: typeof import('../../src/admin/index.ts')
beforeAll(async () => {
  await buildPage()
  // Only now: it holds the page as it was when it was loaded.
  admin = await import('../../src/admin/index.ts')
  browser = await startBrowser()
  mkdirSync(pictures, { recursive: true })
})
afterAll(() => browser?.close())

for (const store of ['memory', 'redis'] as const) {
  describe(`the dashboard (${store})`, () => {
    const bed = useTestBed({ provider: 'sqlite', generator: store === 'memory' ? 'ts' : 'js', store })
    const spec = useSpec(bed)

    /** A process that has been used a little, and the page on it. */
    async function open(
      options: Partial<AdminOptions> = {},
      cache: CacheOptions = {},
      context: BrowserContextOptions = {},
    ) {
      const world = spec.cached({ clock: Date.now, ...cache })
      const { prisma } = world
      const { adminHandler, bearerToken, nodeListener } = admin
      const handler = adminHandler(prisma.$cache, { authorize: bearerToken(TOKEN), showValues: true, ...options })
      const server = createServer(nodeListener(handler)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => {
        handler.close()
        server.close()
        server.closeAllConnections()
      })
      for (let i = 0; i < 3; i += 1) {
        await prisma.user.findMany({ select: { id: true, email: true }, orderBy: { id: 'asc' } })
        await prisma.tag.findUnique({ where: { name: 'red' }, cache: { key: '<b>red</b>' } })
        await prisma.$cache.settled()
      }
      await prisma.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
      await prisma.tag.findUnique({ where: { name: 'red' }, cache: { key: '<b>red</b>' } })
      await prisma.post.count({ cache: false })
      await prisma.$cache.settled()
      const { page, faults } = await openPage(browser, { viewport: { width: 1440, height: 1000 }, ...context })
      const foreign: string[] = []
      const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      page.on('request', (request) => {
        if (!request.url().startsWith(`${origin}/`)) foreign.push(request.url())
      })
      return {
        ...world,
        page,
        faults,
        foreign,
        url: `${origin}/`,
        signedIn: () => page.goto(`${origin}/#token=${TOKEN}`).then(() => ready(page)),
      }
    }
    // What is the same on every store is looked at on one.
    const inMemory = (title: string, test: () => Promise<void>) => store === 'memory' && it(title, test)
    const operations = (page: Page) => page.getByRole('group', { name: 'Reads by model and operation' })
    const ready = (page: Page) => page.locator('body[data-ready]').waitFor()
    const view = async (page: Page, name: (typeof VIEWS)[number]) => {
      await page.getByRole('link', { name, exact: false }).first().click()
      await page.locator(`#nav a[href="#/${name}"][aria-current="page"]`).waitFor()
    }

    inMemory('asks for the token, keeps it to the tab, and forgets it', async () => {
      const { page, url } = await open()
      await page.goto(url)
      const dialog = page.getByRole('dialog', { name: 'Sign in' })
      await dialog.waitFor()
      expect(await page.locator('#main').innerText()).not.toMatch(/User\.findMany/)
      await dialog.getByLabel('Token').fill('wrong')
      await dialog.getByRole('button', { name: 'Sign in' }).click()
      await dialog.getByText('Wrong token.').waitFor()
      await dialog.getByLabel('Token').fill(TOKEN)
      await page.keyboard.press('Enter')
      await ready(page)
      await operations(page).getByRole('rowheader', { name: 'User.findMany' }).waitFor()
      await page.reload()
      await ready(page)
      expect(await page.context().cookies()).toEqual([])
      await page.getByRole('button', { name: 'Sign out' }).click()
      await dialog.waitFor()
    })

    inMemory('takes the token from a link, and out of the address', async () => {
      const { page, signedIn, faults, foreign } = await open()
      await signedIn()
      expect(page.url()).not.toContain(TOKEN)
      expect({ faults, foreign }).toEqual({ faults: [], foreign: [] })
    })

    it('overview: hits and misses, drawn and told', async () => {
      const { page, signedIn, faults } = await open()
      await signedIn()
      const figure = (name: string) => page.locator('.figures div', { hasText: name }).locator('dd')
      expect(await figure('Hit ratio').innerText()).toMatch(/^57\.1 %/)
      expect(await figure('Entries invalidated').innerText()).toMatch(/^1\n/)
      const row = operations(page).getByRole('row', { name: /User\.findMany/ })
      expect((await row.innerText()).split(/\s*\t\s*/).slice(0, 4)).toEqual(['User.findMany', '66.7 %', '2', '1'])
      const form = page.getByRole('region', { name: 'Does caching pay?' }).getByRole('row', { name: /User\.findMany/ })
      expect((await form.innerText()).split(/\s*\t\s*/).slice(0, 4)).toEqual([
        'User.findMany select{id email}orderBy',
        'too few reads yet',
        '2',
        '1',
      ])
      for (const canvas of await page.locator('.plot canvas').all()) {
        const isDrawn = await canvas.evaluate((element) => {
          const { width, height, getContext } = element as unknown as Canvas
          const { data } = getContext.call(element, '2d').getImageData(0, 0, width, height)
          return data.some((value) => value !== 0)
        })
        expect(isDrawn).toBe(true)
      }
      const reads = page.getByRole('group', { name: 'Reads per second, by result' })
      await reads.getByText('as a table').click()
      await reads.getByRole('columnheader').first().waitFor()
      expect(await reads.getByRole('columnheader').allInnerTexts()).toEqual([
        'at',
        'bypassed',
        'missed',
        'stale',
        'hit',
      ])
      expect(await reads.getByRole('row').count()).toBeGreaterThan(5)
      expect(faults).toEqual([])
    })

    inMemory('invalidations: which write dropped which entry', async () => {
      const { page, signedIn } = await open()
      await signedIn()
      await view(page, 'invalidations')
      const dropped = page.getByRole('group', { name: 'Invalidated entries, and by which write' }).getByRole('row')
      expect(await dropped.nth(1).innerText()).toMatch(/Tag:findUnique:@<b>red<\/b>\s+write Tag\.update\s+Tag:name=/)
      const blame = page.getByRole('group', { name: 'Writes that invalidate most' })
      expect(await blame.getByRole('row').nth(1).innerText()).toMatch(/^write Tag\.update\s+1\s+Tag$/)
    })

    it('entries: found, looked into, removed; a key is never markup', async () => {
      const { page, signedIn, prisma, faults } = await open()
      await signedIn()
      await view(page, 'entries')
      const key = page.getByRole('button', { name: '@<b>red</b>' })
      await key.waitFor()
      expect(await page.locator('#main b').count()).toBe(0)
      await page.getByLabel('Keys like').first().fill('User:*')
      await page.getByRole('button', { name: 'Search' }).click()
      await page.getByText('1 key', { exact: true }).waitFor()
      await page.getByRole('button', { name: /^User:findMany/ }).click()
      const entry = page.locator('#entry')
      await entry.getByText('3 × { id, email }').waitFor()
      expect(await entry.locator('pre').innerText()).toContain('"email": "ada@example.test"')
      await entry.getByRole('button', { name: 'Remove this entry' }).click()
      await page.getByText('The entry was removed.').waitFor()
      await entry.getByText('There is no entry under this key now').waitFor()
      const read = () => prisma.user.findMany({ select: { id: true, email: true }, orderBy: { id: 'asc' } })
      expect(await did(prisma, read())).toBe('miss')
      expect(faults.filter((fault) => !fault.includes('404'))).toEqual([])
    })

    inMemory(
      'entries: models and tags are invalidated, warmers run, all is cleared when somebody says yes',
      async () => {
        const { page, signedIn, prisma } = await open(
          {},
          { warmers: [{ name: 'front page', run: (db) => db.post.findMany({ take: 2 }) }] },
        )
        await signedIn()
        await view(page, 'entries')
        await page.getByRole('button', { name: 'front page' }).click()
        await page.getByText('front page: done.').waitFor()
        expect(await did(prisma, prisma.post.findMany({ take: 2 }))).toBe('hit')
        await page.getByLabel('Models').fill('Tag')
        await page.getByRole('button', { name: 'Invalidate', exact: true }).click()
        await page.getByRole('dialog').getByRole('button', { name: 'Invalidate' }).click()
        await page.getByText(/Invalidated \d+ tags?\. Entries that depend on them are no longer served\.$/).waitFor()
        expect(await did(prisma, prisma.tag.findUnique({ where: { name: 'red' }, cache: { key: '<b>red</b>' } }))).toBe(
          'miss',
        )
        await page.getByLabel('Models').fill('Nobody')
        await page.keyboard.press('Enter')
        await page.getByRole('dialog').getByRole('button', { name: 'Invalidate' }).click()
        await page.getByText('no model "Nobody"').waitFor()

        await page.getByRole('button', { name: 'Clear the cache' }).click()
        const sure = page.getByRole('dialog', { name: 'Clear the cache?' })
        await sure.getByRole('button', { name: 'Cancel' }).click()
        expect((await prisma.$cache.keys()).length).toBeGreaterThan(0)
        await page.getByRole('button', { name: 'Clear the cache' }).click()
        await sure.getByRole('button', { name: 'Clear', exact: true }).click()
        await page.getByText(/\d+ entr(y|ies) removed\./).waitFor()
        expect(await prisma.$cache.keys()).toEqual([])
        await page.getByText('0 keys', { exact: true }).waitFor()
        await view(page, 'store')
      },
    )

    it('store: what lies where, and what happened', async () => {
      const { page, signedIn } = await open()
      await signedIn()
      await view(page, 'store')
      if (store === 'redis') await page.getByText(/version \d+\.\d+\.\d+, master/).waitFor()
      else await page.getByText(/^2 of 500$/).waitFor()
      expect(await page.getByRole('row', { name: /call-disabled/ }).innerText()).toMatch(/call-disabled\s+1/)
    })

    inMemory('shows no way to change anything where nothing may be, and no value where none may be seen', async () => {
      const { page, signedIn } = await open({ readOnly: true, showValues: false })
      await signedIn()
      await view(page, 'entries')
      await page.getByRole('button', { name: /^User:findMany/ }).click()
      await page.getByText('not shown: see the option `showValues`').waitFor()
      for (const name of ['Invalidate', 'Clear the cache', 'Remove this entry']) {
        expect(await page.getByRole('button', { name, exact: true }).isVisible(), name).toBe(false)
      }
    })

    inMemory('goes by keyboard, and says when the process is gone', async () => {
      const { page, signedIn, prisma } = await open()
      await signedIn()
      await page.keyboard.press('Tab')
      expect(await page.locator(':focus').textContent()).toBe('Skip to content')
      for (let i = 0; i < 3; i += 1) await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.locator('#nav a[href="#/entries"][aria-current="page"]').waitFor()
      await page.context().setOffline(true)
      const again = async () => {
        await page.getByRole('button', { name: 'Live' }).click()
        await page.getByRole('button', { name: 'Paused' }).click()
      }
      await again()
      await page.getByText('The process does not answer.').waitFor()
      await page.getByText(/^no answer since \d\d:\d\d:\d\d$/).waitFor()
      expect(await page.locator('#main.old').count()).toBe(1)
      await page.context().setOffline(false)
      await again()
      await page.getByText('The process answers again.').waitFor()
      await page.getByText('memory · ok').waitFor()
      expect(await page.locator('#main.old').count()).toBe(0)
      await prisma.$cache.settled()
    })

    inMemory('overview: one operation over time, under an address of its own', async () => {
      const { page, signedIn, faults } = await open()
      await signedIn()
      await page.getByRole('link', { name: 'User.findMany' }).click()
      const one = page.getByRole('region', { name: /^User\.findMany/ })
      await one.getByRole('heading', { name: 'User.findMany over time' }).waitFor()
      // It may lie below what can be seen.
      expect(await page.locator(':focus').textContent()).toContain('User.findMany')
      const latency = one.getByRole('group', { name: 'Latency of this operation', exact: true })
      await expect
        .poll(() => latency.locator('.key').textContent())
        .toMatch(/hit, typically [\d.]+ ms.*miss, typically/)
      expect(await one.locator('canvas').count()).toBe(3)
      await page.reload()
      await one.getByRole('heading', { name: 'User.findMany over time' }).waitFor()
      await one.getByRole('link', { name: 'Close' }).click()
      await one.waitFor({ state: 'hidden' })
      await page.goto(`${page.url()}/Nobody.findMany`)
      await page.getByRole('heading', { name: 'Nobody.findMany: no recent reads' }).waitFor()
      expect(faults).toEqual([])
    })

    inMemory('overview: what cannot wait stands above all else', async () => {
      let ahead = 0
      const { page, signedIn, prisma } = await open(
        {},
        { clock: () => Date.now() + ahead, alerts: { minSamples: 3, lookUpMs: 0.0001, hitRate: false } },
      )
      for (let i = 0; i < 5; i += 1) await prisma.tag.count({ where: { name: `t${i}` } })
      ahead = 30_000
      await prisma.tag.count()
      expect(prisma.$cache.stats().alerts).toHaveLength(1)
      await signedIn()
      await page
        .getByRole('alert', { name: 'Alerts' })
        .getByText(/^look-up: .+, threshold/)
        .waitFor()
      await view(page, 'store')
      await page.getByRole('row', { name: /alert\s+look-up raised/ }).waitFor()
    })

    inMemory('says so when several processes answer in turn', async () => {
      const { page, signedIn } = await open()
      let asked = 0
      // A balancer in front: every other answer is of another process.
      await page.route('**/stats', async (route) => {
        const response = await route.fetch()
        const body = (await response.json()) as { process: { pid: number } }
        body.process.pid += asked++ % 2
        await route.fulfill({ response, json: body })
      })
      await signedIn()
      for (let i = 0; i < 2; i += 1) {
        expect(await page.getByText(/several processes/).count()).toBe(0)
        const answered = page.waitForResponse('**/info')
        await page.getByLabel('Time shown').selectOption(i === 0 ? '300' : '3600')
        await answered
      }
      await page.getByText('several processes answer in turn: open each by its own address').waitFor()
    })

    inMemory('an address that somebody made up breaks nothing, and what is skipped to is where one is', async () => {
      const { page, signedIn, faults, url } = await open()
      await signedIn()
      for (const hash of ['#/constructor', '#/__proto__', '#/overview/%E0%A4%A', '#nothing']) {
        await page.goto(`${url}${hash}`)
        await page.reload()
        await ready(page)
        await operations(page).getByRole('rowheader', { name: 'User.findMany' }).waitFor()
      }
      await page.goto(`${url}#/entries/%E0%A4%A`)
      await page.reload()
      await ready(page)
      await page.getByText('Choose a key to look at its entry.').waitFor()
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      expect(await page.locator(':focus').getAttribute('id')).toBe('main')
      expect(await page.locator('#nav a[aria-current="page"]').textContent()).toBe('Entries')
      expect(faults).toEqual([])
      // No token at all, and one that no header can hold.
      for (const token of ['%E0%A4%A', encodeURIComponent('naïve ☃')]) {
        await page.goto(`${url}#token=${token}`)
        await page.getByRole('dialog', { name: 'Sign in' }).getByText('Wrong token.').waitFor()
        expect(page.url()).not.toContain('token')
      }
      // In a tab that has the page already.
      await page.goto(`${url}#token=${TOKEN}`)
      await operations(page).getByRole('rowheader', { name: 'User.findMany' }).waitFor()
      await page.getByRole('dialog').waitFor({ state: 'hidden' })
      expect(page.url()).not.toContain('token')
    })

    inMemory('fits a telephone: keys can be told apart, and what is chosen is gone to', async () => {
      const { page, signedIn } = await open({}, {}, { viewport: { width: 390, height: 844 } })
      await signedIn()
      for (const name of VIEWS) {
        await view(page, name)
        expect(await page.evaluate(STICKING_OUT), name).toEqual([])
        for (const cell of await page.locator('tbody td.key-cell').all()) {
          expect((await cell.boundingBox())?.width, name).toBeGreaterThan(150)
        }
        await page.screenshot({ path: join(pictures, `dashboard-${name}-narrow.png`), fullPage: true })
      }
      await view(page, 'overview')
      await page
        .getByRole('button', { name: /^User:findMany/ })
        .first()
        .click()
      await page.locator('#entry pre').waitFor()
      expect(await page.locator(':focus').textContent()).toBe('Entry')
      const top = (await page.locator(':focus').boundingBox())?.y ?? Number.NaN
      expect(top).toBeGreaterThan(0)
      expect(top).toBeLessThan(844)
    })

    it('shows what attackers have stored as what it is: text', async () => {
      const { page, signedIn, prisma, faults, foreign } = await open()
      const evil = `"'><img src=x onerror="globalThis.pwned=1"><script>pwned=1</script>\u202egnp.exe`
      for (let i = 0; i < 2; i += 1) {
        await prisma.tag.findMany({ where: { name: evil }, cache: { key: evil, tags: [evil] } })
        await prisma.$cache.settled()
        await prisma.tag.upsert({ where: { name: evil }, create: { name: evil, color: evil }, update: { color: 'x' } })
      }
      await prisma.tag.findMany({ where: { name: evil }, cache: { key: evil, tags: [evil] } })
      await prisma.$cache.set(evil, { [evil]: evil }, { tags: [evil] })
      await prisma.$cache.invalidate({ tags: [evil] })
      await prisma.$cache.set(evil, { [evil]: evil }, { tags: [evil] })
      await prisma.$cache.settled()
      const asked: string[] = []
      page.on('request', (request) => asked.push(request.url(), request.headers()['referer'] ?? ''))
      await signedIn()
      for (const name of VIEWS) {
        await view(page, name)
        if (name === 'entries') {
          for (const kind of [/^Tag:findMany:@/, /^data:/]) {
            await page.getByRole('button', { name: kind }).click()
            await page.locator('#entry dd', { hasText: 'onerror' }).first().waitFor()
          }
          expect(await page.locator('#entry pre').textContent()).toContain('<script>')
        }
        expect(await page.locator('main img, main script, main iframe, main [onerror]').count(), name).toBe(0)
      }
      expect(await page.evaluate('globalThis.pwned')).toBeUndefined()
      // The token goes into no address, and nothing to anybody else.
      expect(asked.filter((url) => url.includes(TOKEN))).toEqual([])
      expect({ faults, foreign }).toEqual({ faults: [], foreign: [] })
    })

    inMemory('its policy holds where a page would have a hole', async () => {
      const { page, signedIn, url } = await open()
      await signedIn()
      const tried = (script: string) =>
        page.evaluate(`(() => { try { ${script}; return 'done' } catch (e) { return e.name } })()`)
      expect(await tried(`document.body.insertAdjacentHTML('beforeend', '<b>x</b>')`)).toBe('TypeError')
      expect(await tried(`document.createElement('script').text = 'pwned = 1'`)).toBe('TypeError')
      await tried(
        `const a = document.createElement('a'); a.setAttribute('onclick', 'pwned = 1'); document.body.append(a); a.click()`,
      )
      expect(await page.evaluate('globalThis.pwned')).toBeUndefined()
      const sent = await page.evaluate(`fetch('https://example.test/?stolen').then(() => 'sent', () => 'refused')`)
      expect(sent).toBe('refused')
      // In nobody's frame. A page of somebody else's, from a server of its own.
      const evil = createServer((_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<iframe src="${url}"></iframe>`)
      }).listen(0, '127.0.0.1')
      onTestFinished(() => void evil.close().closeAllConnections())
      await once(evil, 'listening')
      const other = await page.context().newPage()
      await other.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}/`)
      expect(other.frames()[1]?.url()).toBe('chrome-error://chromewebdata/')
    })

    it.each(store === 'memory' ? (['dark', 'light'] as const) : (['dark'] as const))(
      'can be used by everybody, %s',
      async (colorScheme) => {
        const { page, signedIn } = await open(
          {},
          { warmers: [{ name: 'tags', run: (db) => db.tag.findMany() }] },
          { colorScheme },
        )
        await page.addInitScript({ path: axe })
        await signedIn()
        for (const name of VIEWS) {
          await view(page, name)
          if (name === 'entries') {
            await page.getByRole('button', { name: /^User:findMany/ }).click()
            await page.locator('#entry pre').waitFor()
          }
          await page.screenshot({ path: join(pictures, `dashboard-${name}-${store}-${colorScheme}.png`) })
          const { violations } = await page.evaluate(() =>
            (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
          )
          const found = violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`,
          )
          expect(found, name).toEqual([])
        }
      },
    )
  })
}
