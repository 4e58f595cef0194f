import { readFileSync } from 'node:fs'
import { type ModelGraph, modelGraph, type RuntimeDataModel } from '../../../src/query/model-graph.ts'

/** `prisma/test/models.prisma`: the models of every suite; each is there for a relation, key or scalar a cache can get wrong. */
export const testSchema = readFileSync(new URL('../../../prisma/test/models.prisma', import.meta.url), 'utf8')

export function graphOf(schema: string, provider = 'postgresql', schemaText: string | undefined = schema): ModelGraph {
  return modelGraph(dataModelOf(schema), provider, schemaText)
}

/** What writes know without the text of the schema. */
export function graphWithoutText(schema: string): ModelGraph {
  return modelGraph(dataModelOf(schema), 'postgresql', undefined)
}

/**
 * What Prisma's client would carry at run time for a schema that is written one field to a line. `test/prisma-canary`
 * holds it against a real client, and so the shapes the unit tests take for granted.
 */
export function dataModelOf(schema: string): RuntimeDataModel {
  const blocks = [...schema.matchAll(/^ *(model|view|enum) (\w+) \{\n([\s\S]*?)^ *\}/gm)].map(
    ([, kind, name, body]) => ({
      kind: kind as string,
      name: name as string,
      lines: (body as string).split('\n').map((line) => line.trim()),
    }),
  )
  const models = blocks.filter(({ kind }) => kind !== 'enum')
  const namesOf = (some: typeof blocks) => new Set(some.map(({ name }) => name))
  const modelNames = namesOf(models)
  const enumNames = namesOf(blocks.filter(({ kind }) => kind === 'enum'))

  function fieldOf(model: string, line: string): RuntimeDataModel['models'][string]['fields'] {
    const [, name, type, rest] = /^(\w+) +(\w+)(.*)$/.exec(line) ?? []
    if (!name || !type || type === 'Unsupported') return []
    if (!modelNames.has(type)) return [{ name, kind: enumNames.has(type) ? 'enum' : 'scalar', type }]
    const relationName = /@relation\((?:name: *)?"(\w+)"/.exec(rest ?? '')?.[1] ?? [model, type].sort().join('To')
    return [{ name, kind: 'object', type, relationName }]
  }

  return {
    models: Object.fromEntries(
      models.map(({ name, lines }) => [
        name,
        {
          dbName: lines.map((line) => /^@@map\("(.+)"\)/.exec(line)?.[1]).find((table) => table !== undefined) ?? null,
          fields: lines.filter((line) => !/^(\/\/|@@)/.test(line)).flatMap((line) => fieldOf(name, line)),
        },
      ]),
    ),
  }
}
