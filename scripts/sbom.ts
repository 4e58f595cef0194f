/**
 * Writes `sbom.cdx.json`: what an application installs with this package. `npm sbom --omit dev` leaves out every dependency
 * that a development dependency needs too, so it is asked in a folder that has no development dependencies.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'query-cache-sbom-'))
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'))
/** As an application sees it: peers are the application's own. */
function bare(manifest: Record<string, unknown>): Record<string, unknown> {
  const left = ['devDependencies', 'overrides', 'peerDependencies', 'peerDependenciesMeta']
  return Object.fromEntries(Object.entries(manifest).filter(([name]) => !left.includes(name)))
}

try {
  const lock = read('package-lock.json')
  writeFileSync(join(folder, 'package.json'), JSON.stringify(bare(read('package.json'))))
  lock.packages[''] = bare(lock.packages[''])
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock))
  const prune = ['install', '--package-lock-only', '--offline', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', prune, { cwd: folder, stdio: 'ignore' })
  const sbom = execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], { cwd: folder })
  writeFileSync(join(root, 'sbom.cdx.json'), sbom)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
