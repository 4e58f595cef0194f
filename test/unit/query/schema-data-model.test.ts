import { describe, expect, it } from 'vitest'
import { modelGraph } from '../../../src/query/model-graph.ts'
import { schemaDataModel } from '../../../src/query/schema-data-model.ts'
import { dataModelOf, testSchema } from './graph-of.ts'

const datasource = 'datasource db {\n  provider = "sqlite"\n}\n'

describe('the data model of a schema’s text', () => {
  it('is the one a client of it carries', () => {
    const { provider, dataModel } = schemaDataModel(datasource + testSchema)
    expect(provider).toBe('sqlite')
    expect(dataModel).toEqual(dataModelOf(testSchema))
    expect(modelGraph(dataModel, provider, testSchema)).toEqual(
      modelGraph(dataModelOf(testSchema), provider, testSchema),
    )
  })

  it('leaves out what clients leave out', () => {
    const { dataModel } = schemaDataModel(`
      model A {
        id     Int                   @id
        point  Unsupported("point")?
        secret String                @ignore
        b      B?                    @relation(fields: [id], references: [id]) @ignore
        c      C[]
      }
      model B {
        id Int @id
        as A[]
        @@ignore
      }
      model C {
        id Int @id
        a  A   @relation(fields: [id], references: [id])
      }`)
    expect(Object.keys(dataModel.models)).toEqual(['A', 'C'])
    expect(dataModel.models['A']?.fields).toEqual([
      { name: 'id', kind: 'scalar', type: 'Int' },
      { name: 'c', kind: 'object', type: 'C', relationName: 'AToC' },
    ])
  })

  it('is empty for a text that is no schema', () => {
    expect(schemaDataModel('what?')).toEqual({ provider: '', dataModel: { models: {} } })
  })
})
