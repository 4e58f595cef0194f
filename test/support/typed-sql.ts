import { makeTypedQueryFactory, type TypedSql } from '@prisma/client/runtime/client'

/**
 * What `prisma generate --sql` writes for one `.sql` file. The generator itself asks a running database through the
 * native schema engine, which is a download; the code it emits is this call and nothing else.
 */
export function typedSql<Values extends unknown[], Row>(sql: string): (...values: Values) => TypedSql<Values, Row> {
  return makeTypedQueryFactory(sql) as unknown as (...values: Values) => TypedSql<Values, Row>
}
