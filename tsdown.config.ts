import { defineConfig } from 'tsdown'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    accelerate: 'src/accelerate/index.ts',
    admin: 'src/admin/index.ts',
    'cli/main': 'src/cli/main.ts',
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
  // What is imported stays an import and is declared in package.json: a bundled copy would be a second instance, and
  // a development dependency is bundled without a word.
  deps: { onlyAllowBundle: [], neverBundle: ['#optional-packages'] },
  checks: { pluginTimings: false },
  logLevel: 'error',
})
