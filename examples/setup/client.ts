import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)

/** Runs `prisma generate` unless the client of `prisma/{name}` was made from this very schema by this very Prisma. */
export function ensureClient(name: 'demo' | 'shop' | 'docs' = 'demo'): 'generated' | 'up to date' {
  const schema = fileURLToPath(new URL(`../../prisma/${name}/schema.prisma`, import.meta.url))
  const stamp = fileURLToPath(new URL(`../../prisma/${name}/.generated/client/.made-from`, import.meta.url))
  const wanted = createHash('sha256')
    .update(readFileSync(schema))
    .update(require('prisma/package.json').version)
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return 'up to date'

  // `prisma generate` never starts the schema engine, yet downloads it unless told where one is. Any file will do,
  // and without it the demo would need more of the network than the npm registry.
  const folder = mkdtempSync(join(tmpdir(), 'demo-'))
  const engine = join(folder, 'schema-engine')
  writeFileSync(engine, '')
  try {
    const { status, stdout, stderr, error } = spawnSync(
      process.execPath,
      [require.resolve('prisma/build/index.js'), 'generate', '--schema', schema],
      { env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: engine, CHECKPOINT_DISABLE: '1' }, encoding: 'utf8' },
    )
    if (status !== 0) throw new Error(`prisma generate failed\n${stdout}${stderr}`, { cause: error })
  } finally {
    rmSync(folder, { recursive: true })
  }
  writeFileSync(stamp, wanted)
  return 'generated'
}
