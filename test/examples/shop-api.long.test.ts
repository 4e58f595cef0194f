import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPage, startBrowser } from '../support/browser.ts'
import { type ShopProcess, startShop } from './shop-process.ts'

let browser: Browser
let shop: ShopProcess

beforeAll(async () => {
  ;[browser, shop] = await Promise.all([startBrowser(), startShop()])
})
afterAll(async () => {
  await browser?.close()
  await shop?.stop()
})

const OTHER = '/api/products/20'
const TEA = '/api/products/2'

describe('the page of the shop', () => {
  it('shows what the server said: asked again, nothing is computed or sent twice', async () => {
    const { page, faults } = await openShop()
    expect(await page.locator('#products button').count()).toBe(8)
    await page.getByRole('button', { name: /Gyokuro/ }).click()
    await page.getByRole('heading', { name: 'Gyokuro' }).waitFor()

    const said = await sinceAskedAgain(page, () => page.getByRole('button', { name: 'Ask everything again' }).click())
    expect(said.map(({ path }) => path)).toEqual(['/api/categories', '/api/orders', TEA, '/api/products?page=1'])
    for (const { status, cache } of said) expect({ status, cache }).toEqual({ status: '304', cache: 'HIT' })
    expect(faults).toEqual([])
  })

  it('an order makes the next read of what it changed a miss, and of nothing else', async () => {
    const { page, faults } = await openShop()
    await page.getByLabel('Kind').selectOption('oolong')
    await page.getByRole('button', { name: /Tieguanyin/ }).click()
    await page.getByRole('heading', { name: 'Tieguanyin' }).waitFor()
    await page.getByLabel('Kind').selectOption('green')
    await page.getByRole('button', { name: /Gyokuro/ }).click()
    await page.getByRole('heading', { name: 'Gyokuro' }).waitFor()
    await sinceAskedAgain(page, () => page.getByRole('button', { name: 'Ask everything again' }).click())
    const before = await stock(page)

    await page.getByLabel('Packets').fill('2')
    const said = await sinceAskedAgain(page, () => page.getByRole('button', { name: 'Order', exact: true }).click())
    expect(Object.fromEntries(said.map(({ path, cache, status }) => [path, `${cache} ${status}`]))).toEqual({
      '/api/categories': 'HIT 304',
      '/api/orders': 'MISS 200',
      '/api/products?page=1': 'MISS 200',
      '/api/products?page=1&category=green': 'MISS 200',
      '/api/products?page=1&category=oolong': 'HIT 304',
      [TEA]: 'MISS 200',
      [OTHER]: 'HIT 304',
    })
    expect(await stock(page)).toBe(before - 2)
    expect(await page.locator('#said').textContent()).toMatch(/Order no\. \d+ is placed/)
    expect(await page.locator('#orders li').first().textContent()).toContain('2 × Gyokuro')
    await screenshots(page, 'ordered')
    expect(faults).toEqual([])
  })

  it('filters and turns pages', async () => {
    const { page } = await openShop()
    await page.getByRole('button', { name: 'Next' }).click()
    await expect.poll(() => page.locator('#page').textContent()).toMatch(/^Page 2 of/)
    await page.getByLabel('Name').fill('darjeeling')
    await expect.poll(() => page.locator('#page').textContent()).toBe('Page 1 of 1, 2 teas')
    await page.getByLabel('Name').fill('coffee')
    await expect.poll(() => page.locator('#page').textContent()).toBe('No tea of that name')
  })

  it('says so when there is not enough left, and forgets nothing', async () => {
    const { page } = await openShop()
    await page.getByRole('button', { name: /Sencha/ }).click()
    await page.getByRole('heading', { name: 'Sencha' }).waitFor()
    await page.getByLabel('Packets').fill('9')
    const said = await sinceAskedAgain(page, () => page.getByRole('button', { name: 'Order', exact: true }).click())
    expect(await page.locator('#said').textContent()).toContain('there are no 9 of it left')
    for (const { path, cache } of said) expect({ path, cache }).toEqual({ path, cache: 'HIT' })
  })

  it('fits a telephone', async () => {
    const { page } = await openShop({ viewport: { width: 360, height: 740 } })
    expect(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')).toBe(0)
    await screenshots(page, 'narrow')
  })
})

describe('the shop closes', () => {
  it('after the answers under way, and leaves nothing behind', async () => {
    const another = await startShop()
    expect((await fetch(`${another.url}/api/products`)).status).toBe(200)
    const { code, output } = await another.stop()
    expect(output).toContain('closed')
    expect(code).toBe(0)
  })
})

async function openShop(options: Parameters<typeof openPage>[1] = {}) {
  const opened = await openPage(browser, { viewport: { width: 1280, height: 900 }, ...options })
  await opened.page.goto(shop.url)
  await opened.page.locator('#products button').first().waitFor()
  await opened.page.getByText('None yet.').or(opened.page.locator('#orders li')).first().waitFor()
  return opened
}

interface Said {
  path: string
  status: string
  cache: string
}

/** What the page says of each address it knows, after a click that makes it ask for all of them again. */
async function sinceAskedAgain(page: Page, click: () => Promise<void>): Promise<Said[]> {
  await page.waitForLoadState('networkidle')
  const known = new Set((await answers(page)).map(({ path }) => path))
  await page.evaluate('document.getElementById("log").replaceChildren()')
  await click()
  await expect.poll(async () => (await answers(page)).length).toBe(known.size)
  return (await answers(page)).sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function answers(page: Page): Promise<Said[]> {
  const rows = await page.locator('#log tr').allInnerTexts()
  return rows.flatMap((row) => {
    const [request = '', status = '', cache = ''] = row.split('\t').map((cell) => cell.trim())
    return request.startsWith('GET ') ? [{ path: request.slice('GET '.length), status, cache }] : []
  })
}

async function stock(page: Page): Promise<number> {
  return Number(await page.locator('#facts dd').last().textContent())
}

/** To be looked at: in `test/.generated/screenshots`, light and dark. */
async function screenshots(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.screenshot({ path: `test/.generated/screenshots/shop-${name}-${colorScheme}.png`, fullPage: true })
  }
}
