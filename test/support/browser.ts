import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished } from 'vitest'
import { chromiumBinary } from './server-binaries.ts'
import { PATIENCE_MS } from './with-timeout.ts'

/** It asks nothing of anybody but of the page, and needs neither a graphics card nor much shared memory. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
]

/** A headless Chromium of the system. Close it when the suite ends. */
export async function startBrowser(): Promise<Browser> {
  // Chromium refuses to sandbox itself for root, which is who runs tests in most containers.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: await chromiumBinary(), args: [...args, ...QUIET] })
}

/**
 * A page in a context of its own, closed when the test ends. The test must look at `faults` itself: what the page threw or
 * wrote to the console as an error, so that a page that half works fails.
 */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  onTestFinished(() => context.close())
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text())
  })
  return { page, faults }
}
