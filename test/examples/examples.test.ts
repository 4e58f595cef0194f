import { spawn } from 'node:child_process'
import { describe, expect, inject, it } from 'vitest'

// One after the other: the demo generates the client and fills the database the other examples use.
describe.sequential('the examples run as their README says', { timeout: 120_000 }, () => {
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
  return new Promise((resolve, reject) => {
    const { REDIS_URL: _, ...inherited } = process.env
    const child = spawn(process.execPath, ['--import', 'tsx', script], { env: { ...inherited, NO_COLOR: '1', ...env } })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
