import type { Reporter, TestModule, Vitest } from 'vitest/node'

/**
 * Fails a run in which a test was not run and does not say why. `skip('reason')` in a test's context says why; a test
 * left out by `-t` was left out by whoever typed it.
 */
export class NoSilentSkips implements Reporter {
  #filtered = false

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#filtered) return
    for (const module of modules) {
      // After a failed hook the rest of its suite is not run either; that run has failed already and said why.
      if (module.state() === 'failed') continue
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        if (result.state === 'skipped' && result.note) continue
        process.stderr.write(`not run, and no reason given: ${module.relativeModuleId} > ${test.fullName}\n`)
        process.exitCode = 1
      }
    }
  }
}
