import { describe, expect, it } from 'vitest'
import { scanStatement } from '../../../src/query/sql-tables.ts'
import { graphOf, testSchema } from './graph-of.ts'

const shop = graphOf(testSchema)

function scan(sql: string) {
  const { writes, models } = scanStatement(shop, sql)
  return { writes, models: models && [...models].map(({ name }) => name).sort() }
}

describe('a statement that only reads', () => {
  it.each([
    'SELECT 1',
    'select * from users',
    '  \n(SELECT * FROM users)',
    '-- a comment\nSELECT 1 -- another',
    '/* sqlcommenter */ SELECT * FROM users',
    'WITH u AS (SELECT * FROM users) SELECT * FROM u',
    'VALUES (1)',
    'EXPLAIN SELECT * FROM users',
    'SELECT * FROM users FOR UPDATE',
    'SELECT * FROM users FOR NO KEY UPDATE SKIP LOCKED',
    'SELECT * FROM users for  update',
    'SELECT updated_at, "updatedAt", deleted FROM users',
  ])('%s', (sql) => {
    expect(scan(sql).writes).toBe(false)
  })
})

describe('a statement that may write', () => {
  it.each([
    'INSERT INTO users VALUES (1)',
    'UPDATE users SET a = 1',
    'delete from users',
    'REPLACE INTO users VALUES (1)',
    'MERGE INTO users USING x ON true WHEN MATCHED THEN DELETE',
    'TRUNCATE users',
    'WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone',
    'SELECT * INTO copy FROM users',
    'EXPLAIN ANALYZE DELETE FROM users',
    'CALL clean_up()',
    'DO $$ BEGIN PERFORM 1; END $$',
    'COPY users FROM STDIN',
    'DROP TABLE users',
    'VACUUM',
    'SET search_path = x',
    '/* SELECT */ UPDATE users SET a = 1',
    '-- SELECT\nUPDATE users SET a = 1',
    'SELECT * FROM users FOR UPDATE; UPDATE users SET a = 1',
    'SELECT 1 -- a word in a comment counts: delete',
    '',
    '# a comment of MySQL\nSELECT 1',
  ])('%s', (sql) => {
    expect(scan(sql).writes).toBe(true)
  })
})

describe('the models of a statement', () => {
  it.each<[string, string[]]>([
    ['UPDATE users SET a = 1', ['User']],
    ['UPDATE "users" SET a = 1', ['User']],
    ['UPDATE `users` SET a = 1', ['User']],
    ['UPDATE [users] SET a = 1', ['User']],
    ['UPDATE public.users SET a = 1', ['User']],
    ['UPDATE "public"."users" SET a = 1', ['User']],
    ['UPDATE USERS SET a = 1', ['User']],
    ['UPDATE "Post" SET a = (SELECT max(id) FROM "Comment")', ['Comment', 'Post']],
    ['DELETE FROM "Order" USING users WHERE true', ['Order', 'User']],
    ['INSERT INTO "catalog products" VALUES (1)', ['Product']],
    ['SELECT * FROM "OrderLine"', ['OrderLine']],
    ['WITH x AS (DELETE FROM users RETURNING *) INSERT INTO "Tag" SELECT * FROM x', ['Tag', 'User']],
    ['INSERT INTO "_PostToTag" VALUES (1, 2)', ['Post', 'Tag']],
    ['TRUNCATE users, "Post"', ['Post', 'User']],
  ])('%s', (sql, models) => {
    expect(scan(sql).models).toEqual(models)
  })

  it('are those named anywhere, in comments and strings as well', () => {
    expect(scan(`UPDATE users SET a = 'Post' -- Tag`).models).toEqual(['Post', 'Tag', 'User'])
  })

  it('are whole words, not parts of them', () => {
    expect(scan('UPDATE users_2024, "Postal" SET a = 1').models).toBeUndefined()
  })

  it.each([
    'UPDATE partition_of_users SET a = 1',
    'CALL clean_up(users)',
    'DO $$ BEGIN DELETE FROM users; END $$',
    'DROP TABLE users CASCADE',
    'EXECUTE prepared',
    'PRAGMA writable_schema = users',
    'COPY users FROM STDIN',
    '',
  ])('cannot be told from %j', (sql) => {
    expect(scan(sql).models).toBeUndefined()
  })
})
