import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'

// The property suite for as long as one likes:
//
//     npm run property -- --steps 1000000 --seed 7
//     npm run property -- --seed 7 --path 41          the one run that a failure named
//     npm run property -- --store cluster             of one store alone: memory, redis or cluster
//     npm run property -- --database mariadb          of one database alone: sqlite, postgresql or mariadb

const { values } = parseArgs({
  options: {
    steps: { type: 'string' },
    seed: { type: 'string' },
    path: { type: 'string' },
    store: { type: 'string' },
    database: { type: 'string' },
  },
})
const env = { ...process.env }
for (const name of ['steps', 'seed'] as const) {
  const value = values[name]
  if (value === undefined) continue
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Error(`--${name} ${value}: a whole number above zero is wanted`)
  env[`PROPERTY_${name.toUpperCase()}`] = value
}
if (values.path !== undefined) env['PROPERTY_PATH'] = values.path
if (values.store !== undefined) {
  if (!/^(memory|redis|cluster)$/.test(values.store))
    throw new Error(`--store ${values.store}: memory, redis or cluster`)
  env['PROPERTY_STORE'] = values.store
}
if (values.database !== undefined) {
  if (!/^(sqlite|postgresql|mariadb)$/.test(values.database))
    throw new Error(`--database ${values.database}: sqlite, postgresql or mariadb`)
  env['PROPERTY_DATABASE'] = values.database === 'mariadb' ? 'mysql' : values.database
}

const { status } = spawnSync('npx', ['vitest', 'run', '--project', 'verify', 'test/property'], {
  env,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
