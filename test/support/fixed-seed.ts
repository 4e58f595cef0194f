import fc from 'fast-check'

// A property that fails must fail again: a run draws the same values each time, and another seed is a deliberate act.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 1 })
