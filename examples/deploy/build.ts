// Makes what the image runs: one file of the application, the client of its schema and this package. What is in
// package.json beside it stays an import. `npx tsx examples/deploy/build.ts [folder]`
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'
import { buildPage } from '../../scripts/build-page.ts'
import { ensureClient } from '../setup/client.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

ensureClient('shop')
await buildPage()
await build({
  config: false,
  cwd: here,
  entry: { main: 'main.ts' },
  outDir: process.argv[2] ?? 'dist/shop',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  deps: { onlyAllowBundle: false },
  sourcemap: true,
  dts: false,
  tsconfig: false,
  logLevel: 'error',
})
