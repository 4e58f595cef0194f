import type { CatalogueDialect } from './catalogue.ts'
import { mysql } from './mysql.ts'
import { postgresql } from './postgresql.ts'
import { sqlite } from './sqlite.ts'

const DIALECTS: ReadonlyMap<string, CatalogueDialect> = new Map([
  ['postgresql', postgresql],
  ['postgres', postgresql],
  ['mysql', mysql],
  ['sqlite', sqlite],
])

/** By Prisma's name of the provider; `undefined`: its catalogue cannot be read. */
export function dialectOf(provider: string): CatalogueDialect | undefined {
  return DIALECTS.get(provider)
}
