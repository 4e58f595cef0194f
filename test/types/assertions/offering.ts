import type { CachedModel } from 'prisma-extension-query-cache/extension/typed-client'

// A model of a database that cannot return the rows it wrote: MySQL.

type Described = { operations: { createMany: { args: { data?: object[] } } }; payload: unknown }
declare const model: CachedModel & { [K: symbol]: { types: Described } }

export const writes = [
  model.createMany({ data: [], cache: { invalidate: ['a'] } }),
  // @ts-expect-error: not offered
  model.createManyAndReturn({ data: [] }),
  // @ts-expect-error: not offered
  model.updateManyAndReturn({ data: {} }),
]
