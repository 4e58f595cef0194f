import { spawn } from 'node:child_process'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { openPage, startBrowser } from '../support/browser.ts'

// One after the other: the demo generates the client and fills the database the other examples use.
describe.sequential('the examples run as their README says', () => {
  it('the demo, on the embedded default', async () => {
    const { code, output } = await run('examples/demo/main.ts', {})
    expect(output).toContain('all of them equal')
    expect(code).toBe(0)
  })

  it('the demo, on Redis', async () => {
    const { code, output } = await run('examples/demo/main.ts', { REDIS_URL: inject('servers').redisUrl })
    expect(output).toContain('all of them equal')
    expect(code).toBe(0)
  })

  it('the dashboard of the demo, on live load, until Ctrl-C', async () => {
    // `npm run demo -- --dashboard`, without what npm adds; the time is one that a test does not wait for.
    expect(packageJson.scripts.demo).toBe('tsx examples/demo/main.ts')
    const demo = start('examples/demo/main.ts', {}, ['--dashboard', '--seconds', '600'])
    const [url] = await demo.saying(/http:\/\/127\.0\.0\.1:\d+\/#token=\S+/)
    const browser = await startBrowser()
    onTestFinished(() => browser.close())
    const { page, faults } = await openPage(browser)
    await page.goto(url)
    await page.getByText('memory · ok').waitFor()
    const reads = async () => {
      const text = await page.locator('.figures div', { hasText: 'Reads' }).locator('small').textContent()
      return Number(/^[\d,]+/.exec(text ?? '')?.[0].replaceAll(',', ''))
    }
    await page.getByRole('rowheader', { name: 'Passenger.findUnique', exact: true }).waitFor()
    // It is asked anew by itself, and there is load.
    const before = await reads()
    await expect.poll(reads).toBeGreaterThan(before + 50)
    await page.getByRole('link', { name: 'Invalidations' }).click()
    await page
      .getByRole('row', { name: /write \w+\.update/ })
      .first()
      .waitFor()
    await page.getByRole('link', { name: 'Entries' }).click()
    await page
      .getByRole('button', { name: /^\w+:\w+:/ })
      .first()
      .click()
    await page.locator('#entry pre').waitFor()
    await page.getByRole('button', { name: 'airports' }).click()
    await page.getByText('airports: done.').waitFor()
    expect(faults).toEqual([])
    // As a terminal and what is between may send it: more than once.
    demo.child.kill('SIGINT')
    await demo.saying(/the load ends/)
    demo.child.kill('SIGINT')
    const { code, output } = await demo.ended
    expect(code, output).toBe(0)
    expect(output).not.toMatch(/error/i)
    await page.getByText(/no answer since/).waitFor()
  })

  it('the dashboard of the demo, until its time is over', async () => {
    const { code, output } = await start('examples/demo/main.ts', {}, ['--dashboard', '--seconds', '1']).ended
    expect(output).toContain('the load ends')
    expect(code, output).toBe(0)
  })

  it('the load of the dashboard lets others in after each read', async () => {
    const { cached, plain } = await import('../../examples/demo/clients.ts')
    const { load } = await import('../../examples/demo/load.ts')
    let reads = 0
    for (const type of ['hit', 'miss', 'bypass'] as const) cached.$cache.on(type, () => (reads += 1))
    const most: number[] = []
    for (let round = 0; round < 60; round += 1) {
      reads = 0
      const ended = new AbortController()
      const loading = load(ended.signal)
      // What a server has to do is done between two turns of the event loop.
      await new Promise(setImmediate)
      most.push(reads)
      await new Promise(setImmediate)
      ended.abort()
      await loading
    }
    // One of each user: in later rounds most are hits, which wait for nobody.
    expect(Math.max(...most)).toBeLessThanOrEqual(6)
    expect(Math.max(...most)).toBeGreaterThan(1)
    await Promise.all([cached.$cache.disconnect(), cached.$disconnect(), plain.$disconnect()])
  })

  it.each([
    'quickstart',
    'transactions',
    'invalidation',
    'redis',
    'batches',
    'values',
    'sensitive',
    'tenants',
    'warming',
  ])('%s', async (name) => {
    const { code, output } = await run(`examples/${name}/main.ts`, { REDIS_URL: inject('servers').redisUrl })
    expect(code, output).toBe(0)
  })
})

function run(script: string, env: Record<string, string>): Promise<{ code: number | null; output: string }> {
  return start(script, env).ended
}

function start(script: string, env: Record<string, string>, args: readonly string[] = []) {
  const { REDIS_URL: _, ...inherited } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    env: { ...inherited, NO_COLOR: '1', ...env },
  })
  let output = ''
  const listeners = new Set<() => void>()
  const listen = (chunk: Buffer) => {
    output += chunk
    for (const listener of listeners) listener()
  }
  child.stdout.on('data', listen)
  child.stderr.on('data', listen)
  const ended = new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
  /** What it has written, or will have. */
  const saying = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(output)
        if (found) resolve(found)
      }
      listeners.add(look)
      look()
      ended.then(() => reject(new Error(`it ended and did not say ${pattern}\n${output}`)), reject)
    })
  return { child, ended, saying }
}
