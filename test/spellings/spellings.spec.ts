import { ON_POSTGRESQL, ON_SQLITE } from './collations.ts'
import { describeSpellings } from './suite.ts'

describeSpellings({ provider: 'sqlite', generator: 'ts', store: 'memory' }, ON_SQLITE)
describeSpellings({ provider: 'postgresql', generator: 'js', store: 'memory' }, ON_POSTGRESQL)
