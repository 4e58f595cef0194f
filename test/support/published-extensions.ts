import Module, { createRequire } from 'node:module'
import { modelGraph, type RuntimeDataModel } from '../../src/query/model-graph.ts'

/**
 * Extensions of others are CommonJS, and ask `@prisma/client` for the client that is generated into it; here clients have
 * folders of their own. What stands there for as long as `use` runs is this, as `@prisma/client` exports it.
 */
export function withGeneratedClient<T>(exports: object, use: (require: NodeJS.Require) => T): T {
  const internals = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string }
  const require = createRequire(import.meta.url)
  const place = require.resolve('@prisma/client/package.json').replace(/package\.json$/, 'generated-for-a-test.js')
  const resolve = internals._resolveFilename
  internals._resolveFilename = function (this: unknown, request, ...rest) {
    return request.startsWith('.prisma/client') ? place : resolve.call(this, request, ...rest)
  }
  const stand = Object.assign(new Module(place), { exports, loaded: true, filename: place })
  require.cache[place] = stand
  try {
    return use(require)
  } finally {
    internals._resolveFilename = resolve
    for (const name of Object.keys(require.cache)) {
      if (/generated-for-a-test|@prisma[/\\]client[/\\]default|prisma-extension-(soft|nested)/.test(name)) {
        delete require.cache[name]
      }
    }
  }
}

/** The document Prisma 6 put into its clients, as far as extensions ask for it; that of Prisma 7 says less. */
export function documentOf(
  { models }: { readonly models: RuntimeDataModel['models'] },
  schema: string,
  documentation: Readonly<Record<string, string>> = {},
) {
  const graph = modelGraph({ models }, 'sqlite', schema)
  return {
    datamodel: {
      enums: [],
      types: [],
      models: [...graph.models.values()].map((model) => {
        const keys = model.uniques ?? []
        const isKey = (name: string, at: number) => keys[at]?.fields.length === 1 && keys[at]?.fields[0]?.name === name
        return {
          name: model.name,
          uniqueFields: keys
            .filter(({ fields }) => fields.length > 1)
            .map(({ fields }) => fields.map((field) => field.name)),
          fields: [...model.fields.values()].map((field) => ({
            name: field.name,
            kind: field.kind === 'relation' ? 'object' : field.kind,
            type: field.type,
            isList: field.isList ?? false,
            isId: isKey(field.name, 0),
            isUnique: keys.some((_, at) => at > 0 && isKey(field.name, at)),
            ...(field.relationName && { relationName: field.relationName }),
            ...(documentation[`${model.name}.${field.name}`] && {
              documentation: documentation[`${model.name}.${field.name}`],
            }),
          })),
        }
      }),
    },
  }
}
