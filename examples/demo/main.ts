// npm run demo: the same queries on a cached and on a plain client, side by side. No server needed; REDIS_URL is used
// when it is set. npm run demo -- --dashboard: the dashboard, on live load (--seconds 60: for a minute). The client is
// generated first, so what imports it is loaded only afterwards.
import { parseArgs } from 'node:util'
import { ensureClient } from '../setup/client.ts'
import { dim, timed } from './terminal.ts'

const { values: asked } = parseArgs({ options: { dashboard: { type: 'boolean' }, seconds: { type: 'string' } } })

const generated = performance.now()
const client = ensureClient()
timed(`Prisma client ${client}`, generated)

const loaded = performance.now()
const { resetDatabase } = await import('../setup/database.ts')
const rows = await resetDatabase()
const total = Object.values(rows).reduce((sum, count) => sum + count, 0)
timed(`SQLite database with ${total.toLocaleString('en')} rows`, loaded)
const counts = Object.entries(rows).map(([model, count]) => `${model} ${count.toLocaleString('en')}`)
console.log(dim(`  ${counts.join(', ')}`))

if (asked.dashboard) {
  const { buildPage } = await import('../../scripts/build-page.ts')
  // In the package it is built already.
  await buildPage()
  const { dashboard } = await import('./dashboard.ts')
  await dashboard(asked.seconds === undefined ? undefined : Number(asked.seconds))
} else {
  const { tour } = await import('./tour.ts')
  process.exitCode = (await tour()) ? 0 : 1
}
