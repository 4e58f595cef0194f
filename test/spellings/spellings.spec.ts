import { ON_SQLITE } from './collations.ts'
import { describeSpellings } from './suite.ts'

describeSpellings({ provider: 'sqlite', generator: 'ts', store: 'memory' }, ON_SQLITE)
