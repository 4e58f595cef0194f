import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsdown'
import { writeIfChanged } from './write-if-changed.ts'

const page = fileURLToPath(new URL('../src/admin/page/', import.meta.url))
const made = fileURLToPath(new URL('../src/admin/.generated/page.ts', import.meta.url))
const require = createRequire(import.meta.url)

/**
 * Makes one script of the dashboard's sources and uPlot, and puts all files of the page into a module: nobody who uses
 * the package needs a build for it, and whatever bundles their server takes the page along. Written only when it is
 * another, so that what was made of it does not look outdated.
 */
export async function buildPage(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'query-cache-page-'))
  try {
    await build({
      config: false,
      entry: { page: join(page, 'main.ts') },
      outDir: folder,
      format: 'iife',
      platform: 'browser',
      target: 'es2022',
      minify: true,
      dts: false,
      clean: false,
      tsconfig: false,
      logLevel: 'silent',
    })
    const css = [
      readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8'),
      readFileSync(join(page, 'styles.css'), 'utf8'),
    ]
    const files = {
      'index.html': ['text/html; charset=utf-8', readFileSync(join(page, 'index.html'), 'utf8')],
      'page.css': ['text/css; charset=utf-8', css.join('\n')],
      'page.js': ['text/javascript; charset=utf-8', readFileSync(join(folder, 'page.iife.js'), 'utf8')],
      'icon.svg': ['image/svg+xml', readFileSync(join(page, 'icon.svg'), 'utf8')],
    }
    const entries = Object.entries(files).map(
      ([name, [type, text]]) =>
        `  ${JSON.stringify(name)}: { type: ${JSON.stringify(type)}, text: ${JSON.stringify(text)} },\n`,
    )
    const head = '// Made by `npm run generate` of src/admin/page.\n'
    writeIfChanged(
      made,
      `${head}export const files: Readonly<Record<string, { readonly type: string; readonly text: string }>> = {\n${entries.join('')}}\n`,
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage()
