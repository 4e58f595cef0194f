import { describeAlteredTables } from './suite.ts'

describeAlteredTables({ provider: 'sqlite', generator: 'ts', store: 'memory' }, 'short')
describeAlteredTables({ provider: 'postgresql', generator: 'js', store: 'memory' }, 'short')
