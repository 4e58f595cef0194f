import { ON_MARIADB, ON_POSTGRESQL } from './collations.ts'
import { describeSpellings } from './suite.ts'

describeSpellings({ provider: 'postgresql', generator: 'js', store: 'memory' }, ON_POSTGRESQL)
describeSpellings({ provider: 'mysql', generator: 'ts', store: 'memory' }, ON_MARIADB)
