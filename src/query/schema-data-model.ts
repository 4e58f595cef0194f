import type { RuntimeDataModel } from './model-graph.ts'
import { type FieldText, readSchemaText, type SchemaText } from './schema-text.ts'

/** What a client made of this schema would carry at run time, for those who have the text alone. */
export function schemaDataModel(source: string): { readonly provider: string; readonly dataModel: RuntimeDataModel } {
  const schema = readSchemaText(source)
  const models = [...schema.models].filter(([, { isIgnored }]) => !isIgnored)
  return {
    provider: schema.provider ?? '',
    dataModel: {
      models: Object.fromEntries(
        models.map(([name, { table, fields }]) => [
          name,
          { dbName: table ?? null, fields: [...fields].flatMap((field) => runtimeField(schema, name, ...field)) },
        ]),
      ),
    },
  }
}

type RuntimeField = RuntimeDataModel['models'][string]['fields'][number]

function runtimeField(schema: SchemaText, model: string, name: string, field: FieldText): RuntimeField[] {
  const { type, relation } = field
  if (type === undefined) return []
  const other = schema.models.get(type)
  if (!other) return [{ name, kind: schema.enums.has(type) ? 'enum' : 'scalar', type }]
  if (other.isIgnored) return []
  return [{ name, kind: 'object', type, relationName: relation?.name ?? [model, type].sort().join('To') }]
}
