import { readFileSync } from 'node:fs'
import { defineConfig } from 'tsdown'

/** What `migrate` of the command line is made of. Nobody else needs a parser, so nobody else is to install one. */
const OF_MIGRATE = ['@babel/parser', 'magic-string', '@jridgewell/sourcemap-codec', 'diff']
const notices = () =>
  OF_MIGRATE.map((name) => `/*! ${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim()}\n*/\n`).join(
    '',
  )

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    accelerate: 'src/accelerate/index.ts',
    admin: 'src/admin/index.ts',
    'cli/main': 'src/cli/main.ts',
    'cli/migrate': 'src/cli/migrate/index.ts',
    http: 'src/http/index.ts',
    'metrics/prometheus': 'src/metrics/prometheus.ts',
    'metrics/opentelemetry': 'src/metrics/opentelemetry.ts',
  },
  format: ['esm', 'cjs'],
  platform: 'node',
  target: 'node20.19',
  dts: true,
  clean: true,
  // In the CommonJS build `import.meta.url` has no meaning of its own; the loader of config files needs one.
  shims: true,
  // What else is imported stays an import and is declared in package.json: a bundled copy would be a second instance, and
  // a development dependency is bundled without a word.
  deps: { onlyAllowBundle: OF_MIGRATE, neverBundle: ['#optional-packages'] },
  outputOptions: { banner: ({ name }) => (name === 'cli/migrate' ? notices() : '') },
  checks: { pluginTimings: false },
  logLevel: 'error',
})
