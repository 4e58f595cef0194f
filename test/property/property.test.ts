import { combinations } from '../support/matrix.ts'
import { describeRandomRuns } from './suite.ts'

// A first look. property.long.test.ts plays longer, also on a cluster, and asks whether every operation was met.
describeRandomRuns({ combinations, stepsOf: () => 1500, seed: 2 })
