import { describeAlteredTables } from './suite.ts'

describeAlteredTables({ provider: 'sqlite', generator: 'js', store: 'memory' }, 'long')
describeAlteredTables({ provider: 'postgresql', generator: 'ts', store: 'memory' }, 'long')
describeAlteredTables({ provider: 'mysql', generator: 'ts', store: 'memory' }, 'long')
