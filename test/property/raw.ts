import fc from 'fast-check'
import type { Grammar } from './values.ts'

/** Raw SQL, as data: the pieces of a tagged template and the values between them. */
export interface Statement {
  readonly pieces: readonly string[]
  readonly values: readonly unknown[]
}

export interface RawRead {
  readonly kind: 'raw read'
  readonly statement: Statement
  readonly form: 'tagged' | 'unsafe' | 'typed'
  /** Declared at the call; `undefined`: a rule of the configuration knows. */
  readonly reads?: readonly string[]
}

export interface RawWrite {
  readonly kind: 'raw write'
  readonly statement: Statement
  /** `query`: sent with `$queryRaw`, for the rows a write returns. */
  readonly form: 'tagged' | 'unsafe' | 'query'
  /** Declared at the call; `undefined`: left to the extension to find out. */
  readonly writes?: readonly string[]
}

/** A text in which a rule of the configuration finds the models. */
export const RULE = { match: 'AS by_rule', reads: ['Post', 'Tag'], ttl: 60 }

type Template = readonly [sql: string, models: readonly string[] | undefined, ...values: fc.Arbitrary<unknown>[]]

const userId = fc.constantFrom<unknown>(1, 2, 3)
const tag = fc.constantFrom<unknown>('red', 'green')
const handle = fc.constantFrom<unknown>('ada', 'BOB')
const sku = fc.constantFrom<unknown>('a', 'b', 'c', 'd')

const READS: readonly Template[] = [
  ['SELECT id, email, balance, ratio, big, bytes, meta, active, "createdAt" FROM users WHERE id = ?', ['User'], userId],
  [
    'SELECT u.id, count(p.id) AS n FROM users u LEFT JOIN "Post" p ON p."authorId" = u.id GROUP BY u.id ORDER BY u.id',
    ['User', 'Post'],
  ],
  ['SELECT sku, stock FROM "catalog products" WHERE id = ?', ['Product'], userId],
  ['SELECT label, "productSku" FROM "Part" ORDER BY id', ['Part']],
  [
    'SELECT p.title, t."B" AS by_rule FROM "Post" p JOIN "_PostToTag" t ON t."A" = p.id ORDER BY p.id, t."B"',
    undefined,
  ],
  ['SELECT sum(quantity) AS n FROM "OrderLine"', ['OrderLine']],
  ['SELECT id, doubled, label, moves FROM "Account" WHERE id = ?', ['Account'], userId],
  ['SELECT id, entries, amount FROM "Total" ORDER BY id', ['Total']],
]

const WRITES: readonly Template[] = [
  ['UPDATE users SET full_name = ? WHERE id = ?', ['User'], fc.constantFrom<unknown>('raw', 'x'), userId],
  ['DELETE FROM users WHERE id = ?', ['User'], userId],
  ['UPDATE users SET id = id + 2 WHERE id = ?', ['User'], userId],
  ['UPDATE "catalog products" SET sku = ? WHERE id = ?', ['Product'], sku, userId],
  ['INSERT INTO "Tag" (name, color) VALUES (?, ?)', ['Tag'], tag, tag],
  ['DELETE FROM "_PostToTag" WHERE "B" = ?', ['Post', 'Tag'], tag],
  ['UPDATE "Post" SET views = views + 1', ['Post']],
  ['UPDATE "Account" SET points = points + 1 WHERE handle = ?', ['Account'], handle],
  ['INSERT INTO "Entry" (amount, "accountId") VALUES (1, ?)', ['Entry'], userId],
  ['DELETE FROM "Comment" WHERE "postId" IN (SELECT id FROM "Post" WHERE "authorId" = ?)', ['Comment'], userId],
]

const RETURNING: readonly Template[] = [
  ['UPDATE "Post" SET views = views + 1 WHERE id = ? RETURNING id, views', ['Post'], userId],
  ['DELETE FROM "Order" WHERE "customerId" = ? RETURNING id', ['Order'], userId],
  ['INSERT INTO "Tag" (name) VALUES (?) RETURNING *', ['Tag'], tag],
]

export function rawReads(grammar: Grammar): fc.Arbitrary<RawRead> {
  const forms = ['tagged', 'unsafe', ...(grammar.isPostgres ? ['typed'] : [])] as RawRead['form'][]
  return fc
    .tuple(fc.oneof(...READS.map(fromTemplate)), fc.constantFrom(...forms))
    .map(([{ statement, models }, form]) => ({
      kind: 'raw read',
      statement,
      form,
      ...(models && { reads: models }),
    }))
}

export function rawWrites(): fc.Arbitrary<RawWrite> {
  const write = (templates: readonly Template[], ...forms: RawWrite['form'][]) =>
    fc.tuple(fc.oneof(...templates.map(fromTemplate)), fc.constantFrom(...forms), fc.boolean()).map(
      ([{ statement, models }, form, declared]): RawWrite => ({
        kind: 'raw write',
        statement,
        form,
        ...(declared && models && { writes: models }),
      }),
    )
  return fc.oneof(
    { weight: 3, arbitrary: write(WRITES, 'tagged', 'unsafe') },
    { weight: 1, arbitrary: write(RETURNING, 'query') },
  )
}

function fromTemplate([sql, models, ...values]: Template): fc.Arbitrary<{
  statement: Statement
  models: readonly string[] | undefined
}> {
  const pieces = sql.split('?')
  return fc.tuple(...values).map((given) => ({ statement: { pieces, values: given }, models }))
}
