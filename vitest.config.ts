import { defineConfig } from 'vitest/config'
import { NoSilentSkips } from './test/support/no-silent-skips.ts'

export default defineConfig({
  test: {
    // A test that passes only at the second try is a failing test, and one that is not run has not passed.
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    reporters: ['default', new NoSilentSkips()],
    // Most tests wait for servers, of their own or of another file's: a processor left idle for them is one wasted.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/model/**/*.test.ts', 'test/*.test.ts'],
          setupFiles: ['test/support/fixed-seed.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.{test,spec}.ts'],
          exclude: ['test/*.test.ts', 'test/{unit,model,types,docs,package,.generated}/**'],
          // For this project alone: Prisma's schema engine, which it runs, can be loaded once in a process.
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: { name: 'types', include: ['test/{types,docs}/**/*.test.ts'], testTimeout: 300_000 },
      },
      {
        extends: true,
        test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
      },
    ],
  },
})
