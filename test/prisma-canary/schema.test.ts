import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect } from 'vitest'
import { modelGraph, type RuntimeDataModel } from '../../src/query/model-graph.ts'
import { readSchemaText } from '../../src/query/schema-text.ts'
import type { OpenedClient } from '../support/clients.ts'
import { describeCombinations } from '../support/matrix.ts'
import { dataModelOf, testSchema } from '../unit/query/graph-of.ts'
import { extended, privately, relies } from './support.ts'

describeCombinations('a client', (bed) => {
  let opened: OpenedClient
  beforeAll(async () => {
    opened = await bed.open()
  })

  const read = (name: string) => readFileSync(new URL(`../../prisma/test/${name}.prisma`, import.meta.url), 'utf8')
  const schema = [testSchema, read('doings'), read(bed.provider)].join('\n')
  const dataModel = (client: unknown = opened.prisma) => privately(client)['_runtimeDataModel'] as RuntimeDataModel
  const engine = (client: unknown = opened.prisma) =>
    privately(client)['_engineConfig'] as { readonly inlineSchema: string; readonly activeProvider: string }

  describe('carries its data model', () => {
    relies(
      'query/model-graph.ts',
      'every model with its table, every field with its kind, type and relation',
      async () => {
        expect(Object.keys(dataModel().models).sort()).toEqual(Object.keys(dataModelOf(schema).models).sort())
        // What the unit tests take for a data model is what a client has.
        for (const [name, model] of Object.entries(dataModelOf(schema).models)) {
          const real = dataModel().models[name]
          expect(real?.dbName ?? null, name).toBe(model.dbName)
          expect(
            real?.fields.map(({ name, kind, type, relationName }) => ({ name, kind, type, relationName })),
          ).toEqual(model.fields.map(({ name, kind, type, relationName }) => ({ name, kind, type, relationName })))
        }
      },
    )

    relies(
      'query/model-graph.ts',
      'without keys, lists and referential actions, which the schema’s text must supply',
      async () => {
        const [id] = dataModel().models['User']?.fields ?? []
        expect(Object.keys(id ?? {}).sort()).toEqual(['kind', 'name', 'type'])
      },
    )

    relies('extension/decimal-class.ts', 'under names whose first letter is small on the client', async () => {
      for (const model of Object.keys(dataModel().models)) {
        expect(privately(opened.prisma)[model.charAt(0).toLowerCase() + model.slice(1)], model).toHaveProperty(
          'findFirst',
        )
      }
    })
  })

  describe('carries the text of its schema', () => {
    relies('query/schema-text.ts', 'whole, and in a form that is read as the files are', async () => {
      expect(readSchemaText(engine().inlineSchema)).toEqual(readSchemaText(schema))
    })

    relies('query/model-graph.ts', 'which explains every model it has', async () => {
      const graph = modelGraph(dataModel(), engine().activeProvider, engine().inlineSchema)
      for (const model of graph.models.values()) expect(model.uniques, model.name).toBeDefined()
      expect(graph.models.get('OrderLine')?.uniques).toMatchObject([{ name: 'orderId_productId' }])
      expect(graph.models.get('Part')?.fields.get('product')?.foreignKey).toMatchObject({ references: ['sku'] })
    })

    relies('query/row-key.ts', 'and the name of its database', async () => {
      expect(engine().activeProvider).toBe(bed.provider)
    })
  })

  describe('that was extended', () => {
    relies('extension/client.ts', 'still shows all that', async () => {
      const client = extended(extended(opened.prisma, { name: 'a' }), { query: {} })
      expect(dataModel(client)).toBe(dataModel())
      expect(engine(client).inlineSchema).toBe(engine().inlineSchema)
    })

    relies(
      'extension/decimal-class.ts',
      'shows the one it was made from, which none of its hooks surround',
      async () => {
        let called = false
        const hook = async () => {
          called = true
        }
        const client = extended(extended(opened.prisma, { query: { $allOperations: hook } }), { name: 'b' })
        const original = privately(client)['_originalClient'] as typeof opened.prisma
        expect(await extended(original, { name: 'c' }).tag.findMany()).toEqual([])
        expect(called).toBe(false)
      },
    )
  })

  describe('with a global `omit`', () => {
    relies('read/plan-read.ts', 'shows it, under the client’s names of models, and not in the arguments', async () => {
      const omitting = await bed.open({ omit: { orderLine: { quantity: true } } })
      const client = extended(omitting.prisma, { name: 'a' })
      expect(privately(client)['_globalOmit']).toEqual({ orderLine: { quantity: true } })
      expect(privately(opened.prisma)['_globalOmit'] ?? {}).toEqual({})
      let seen: unknown
      const hooked = extended(omitting.prisma, {
        query: {
          $allOperations: async ({ args, query }: { args: unknown; query: (args: unknown) => Promise<unknown> }) => {
            seen = args
            return query(args)
          },
        },
      })
      await hooked.orderLine.findMany({ where: { quantity: 1 } })
      expect(seen).toEqual({ where: { quantity: 1 } })
    })
  })
})
