import { ON_MARIADB } from './collations.ts'
import { describeSpellings } from './suite.ts'

describeSpellings({ provider: 'mysql', generator: 'ts', store: 'memory' }, ON_MARIADB)
