import { readdirSync, readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { NoSilentSkips } from './test/support/no-silent-skips.ts'
import { PATIENCE_MS } from './test/support/with-timeout.ts'

/** Which lane a file belongs to: see test/README.md. */
const LONG = 'test/**/*.long.{test,spec}.ts'
/** Files that run on some combinations in `npm test`, and on the others in `npm run verify`: see test/support/matrix.ts. */
const combined = ['test/spec', 'test/prisma-canary']
  .flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((file) => /\.(test|spec)\.ts$/.test(file) && !file.includes('.long.'))
  .filter((file) => readFileSync(file, 'utf8').includes('describeCombinations('))
const needsServers = { globalSetup: ['test/support/global-setup.ts'] }

export default defineConfig({
  test: {
    // A test that passes only at the second try is a failing test, and one that is not run has not passed.
    retry: 0,
    allowOnly: false,
    passWithNoTests: false,
    reporters: ['default', new NoSilentSkips()],
    // Most tests wait for servers, of their own or of another file's: a processor left idle for them is one wasted.
    maxWorkers: '100%',
    // They end a test that hangs and judge none: a test beside eight busy processes takes ten times as long.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: PATIENCE_MS, interval: 20 } },
    setupFiles: ['test/support/fixed-seed.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/model/**/*.test.ts', 'test/*.test.ts'],
          exclude: [LONG],
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.{test,spec}.ts'],
          exclude: [LONG, 'test/*.test.ts', 'test/{unit,model,types,docs,package,.generated}/**'],
          ...needsServers,
        },
      },
      {
        extends: true,
        test: { name: 'types', include: ['test/{types,docs}/**/*.test.ts'], exclude: [LONG], testTimeout: 300_000 },
      },
      {
        extends: true,
        test: { name: 'package', include: ['test/package/**/*.test.ts'], exclude: [LONG] },
      },
      {
        extends: true,
        test: {
          name: 'verify',
          include: [LONG],
          exclude: ['test/.generated/**'],
          env: { COMBINATIONS: 'all' },
          testTimeout: 600_000,
          // After the other projects, should somebody run all of them: the long tests want the machine for themselves.
          sequence: { groupOrder: 1 },
          ...needsServers,
        },
      },
      {
        extends: true,
        test: {
          name: 'verify-others',
          include: combined,
          env: { COMBINATIONS: 'others' },
          sequence: { groupOrder: 2 },
          ...needsServers,
        },
      },
    ],
  },
})
