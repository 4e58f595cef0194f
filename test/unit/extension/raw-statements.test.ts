import { describe, expect, it } from 'vitest'
import { RawStatements } from '../../../src/extension/raw-statements.ts'
import type { RawRule } from '../../../src/policy/options.ts'
import { Policies } from '../../../src/policy/resolve-policy.ts'
import { wholeModel } from '../../../src/tags/tag.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'

const shop = graphOf(testSchema)
const whole = (...models: string[]) => models.flatMap(wholeModel).sort()
const everything = whole(...shop.models.keys())

/** What a raw statement is to the cache, with its tags as a sorted list. */
function read(operation: string, args: unknown, raw: RawRule[] = [], graph = shop) {
  const statement = new RawStatements(graph, new Policies({ raw }, graph)).read(operation, args)
  return 'tags' in statement && statement.tags ? { ...statement, tags: [...statement.tags].sort() } : statement
}

describe('a raw write', () => {
  it('moves the tables it names', () => {
    expect(read('$executeRaw', { sql: 'UPDATE "Tag" SET color = ?' })).toEqual({ kind: 'write', tags: whole('Tag') })
  })

  it('is told from its text in every form', () => {
    const tags = whole('Tag')
    const sql = 'DELETE FROM "Tag"'
    for (const [operation, args] of [
      ['$executeRaw', { sql, values: [] }],
      ['$executeRawUnsafe', [sql, 1]],
      ['$queryRaw', { sql, values: [] }],
      ['$queryRawUnsafe', [sql]],
      ['$queryRawTyped', { sql, values: [] }],
    ] as const) {
      expect(read(operation, args)).toEqual({ kind: 'write', tags })
    }
  })

  it('moves everything where its tables cannot be told', () => {
    for (const sql of ['CALL clean_up()', 'UPDATE elsewhere SET a = 1', '']) {
      expect(read('$executeRaw', { sql })).toEqual({ kind: 'write', tags: everything })
    }
    expect(read('$executeRaw', undefined)).toEqual({ kind: 'write', tags: everything })
  })

  it('moves what is deleted along with it', () => {
    expect(read('$executeRaw', { sql: 'DELETE FROM "Order"' })).toMatchObject({ tags: whole('Order', 'OrderLine') })
  })

  it('moves every table that refers to a truncated one, whatever a delete would do to it', () => {
    const graph = graphOf(`
      model A {
        id Int @id
        bs B[]
      }
      model B {
        id  Int @id
        aId Int
        a   A   @relation(fields: [aId], references: [id], onDelete: Restrict, onUpdate: Restrict)
        cs  C[]
      }
      model C {
        id  Int  @id
        bId Int?
        b   B?   @relation(fields: [bId], references: [id])
      }
      model Other {
        id Int @id
      }`)
    const { tags } = read('$executeRaw', { sql: 'TRUNCATE "A" CASCADE' }, [], graph) as { tags: string[] }
    expect(tags).toEqual(expect.arrayContaining(whole('A', 'B', 'C')))
  })
})

describe('a raw read', () => {
  it('is not cached without declared models', () => {
    expect(read('$queryRaw', { sql: 'SELECT * FROM users' })).toEqual({ kind: 'undeclared' })
  })

  it('is cached under the models a rule declares, where the rule has a ttl', () => {
    const rule = { match: 'FROM users', reads: ['User'] }
    expect(read('$queryRaw', { sql: 'SELECT * FROM users' }, [{ ...rule, ttl: 5 }])).toEqual({
      kind: 'read',
      names: ['User'],
      reads: ['User'],
      ttl: 5,
    })
    expect(read('$queryRaw', { sql: 'SELECT * FROM users' }, [rule])).toEqual({ kind: 'undeclared' })
    expect(read('$queryRaw', { sql: 'SELECT * FROM "Tag"' }, [{ ...rule, ttl: 5 }])).toEqual({ kind: 'undeclared' })
  })

  it('is not cached by a rule whose ttl is undefined', () => {
    const rule = { match: 'FROM users', reads: ['User'], ttl: undefined }
    expect(read('$queryRaw', { sql: 'SELECT * FROM users' }, [rule])).toEqual({ kind: 'undeclared' })
  })

  it('is a write when it writes, whatever it is declared to read', () => {
    const rule = { match: /users/i, reads: ['User'], ttl: 5 }
    expect(read('$queryRaw', { sql: 'DELETE FROM "Tag" USING users' }, [rule])).toMatchObject({ kind: 'write' })
  })
})

describe('a rule', () => {
  it('declares what is written, and nothing else moves', () => {
    const rules: RawRule[] = [{ match: 'clean_up', writes: ['Tag'] }]
    expect(read('$executeRaw', { sql: 'CALL clean_up()' }, rules)).toEqual({ kind: 'write', tags: whole('Tag') })
  })

  it('may declare that nothing is', () => {
    expect(read('$executeRaw', { sql: 'VACUUM' }, [{ match: 'VACUUM', writes: [] }])).toEqual({
      kind: 'write',
      tags: [],
    })
  })

  it('is the first that matches, by a part of the text or an expression', () => {
    const rules: RawRule[] = [
      { match: /^call\s/gi, writes: ['Tag'] },
      { match: 'CALL', writes: ['Part'] },
    ]
    // An expression with `g` or `y` remembers where it was: asked twice, it must answer the same.
    for (let i = 0; i < 2; i += 1) {
      expect(read('$executeRaw', { sql: 'CALL x()' }, rules)).toEqual({ kind: 'write', tags: whole('Tag') })
    }
  })
})

describe('a declaration at the call', () => {
  const statements = new RawStatements(shop, new Policies({ raw: [{ match: 'SELECT', reads: ['Tag'], ttl: 1 }] }, shop))
  /** As Prisma's promises: nothing happens before somebody waits, and then our hook is asked. */
  const lazy = (sql: string, heard: unknown[]): PromiseLike<unknown> => ({
    // biome-ignore lint/suspicious/noThenProperty: a lazy promise is what this is about
    then: (resolve, reject) => {
      heard.push(statements.read('$queryRaw', { sql }))
      return Promise.resolve('rows').then(resolve, reject)
    },
  })

  it('is heard when the statement is sent, and wins over the rules', async () => {
    const heard: unknown[] = []
    const declared = statements.declare({ reads: ['User'], ttl: 5, tags: ['a'] }, lazy('SELECT 1', heard))
    expect(heard).toEqual([])
    expect(await declared).toBe('rows')
    expect(heard).toEqual([{ kind: 'read', reads: ['User'], names: expect.any(Array), ttl: 5, tags: ['a'] }])
  })

  it('is heard by its own statement only, not by those sent when it is through', async () => {
    const heard: unknown[] = []
    const declared = statements.declare({ reads: ['User'] }, lazy('SELECT 1', heard))
    await declared.then(() => lazy('SELECT 2', heard))
    expect(heard).toEqual([
      { kind: 'read', reads: ['User'], names: expect.any(Array) },
      { kind: 'read', reads: ['Tag'], names: expect.any(Array), ttl: 1 },
    ])
  })

  it('can have a read move tags of the application', () => {
    const heard: unknown[] = []
    void statements.declare({ invalidate: ['a'] }, lazy('SELECT 1', heard)).then(() => {})
    expect(heard).toEqual([{ kind: 'write', tags: new Set(['#a']) }])
  })

  it('names models the schema has', () => {
    expect(() => statements.declare({ reads: ['Usr'] }, lazy('', []))).toThrow(/raw\.reads.*"Usr"/)
    expect(() => statements.declare({ writes: ['user'] }, lazy('', []))).toThrow(/Did you mean User\?/)
  })
})
