import { describe, expect, it } from 'vitest'
import { type CacheEvent, EventHub, NOT_TIMED } from '../../../src/events.ts'
import type { CacheOptions } from '../../../src/policy/options.ts'
import { Policies, type ReadCache } from '../../../src/policy/resolve-policy.ts'
import { Admission } from '../../../src/read/admission.ts'
import { clientFingerprint, planRawRead, planRead, RAW } from '../../../src/read/plan-read.ts'
import { plannedForms } from '../../../src/read/planned-forms.ts'
import { plannedQueries } from '../../../src/read/planned-queries.ts'
import type { ReadCall, ReadContext } from '../../../src/read/read-context.ts'
import { ShapeAllowance } from '../../../src/read/shape-allowance.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'

const shop = graphOf(`${testSchema}
view AuthorStats {
  id    Int @unique
  posts Int
}`)

interface Asked extends Partial<ReadCall> {
  readonly cache?: ReadCache
  readonly options?: CacheOptions
  readonly context?: Partial<ReadContext>
}

const events: CacheEvent[] = []
function contextOf({ options = {}, context = {} }: Asked): ReadContext {
  const hub = new EventHub()
  hub.on('*', (event) => events.push(event))
  // How what a read depends on is told finer is `read-set`'s to test.
  const policies = new Policies({ defaults: { ttl: 60 }, invalidation: 'model', ...options }, shop)
  const used = {
    graph: shop,
    policies,
    precision: { of: (model: string) => policies.precision(model), maxTags: 16, maxRowTags: 32 },
    queries: plannedQueries(),
    forms: plannedForms(),
    admission: new Admission(new EventHub(), { refuses: false, isRemote: false }),
    allowance: new ShapeAllowance(() => 0),
    preambles: new WeakMap(),
    events: hub,
    prefix: 'p:',
    fingerprint: 'f',
    globalOmit: {},
    vary: undefined,
    ...context,
  }
  return used as Partial<ReadContext> as ReadContext
}

const run = async () => null
function planned(asked: Asked = {}) {
  const call: ReadCall = {
    model: 'User',
    operation: 'findMany',
    args: {},
    dataPath: [],
    run,
    begun: NOT_TIMED,
    ...asked,
  }
  return planRead(call, asked.cache, contextOf(asked))
}
function cached(asked: Asked = {}) {
  const plan = planned(asked)
  if (plan.kind === 'bypass') throw new Error(plan.reason)
  return plan
}
const reason = (asked: Asked) => {
  const plan = planned(asked)
  return plan.kind === 'bypass' ? plan.reason : plan.kind
}

describe('the key of a read', () => {
  const plain = cached()

  it('says its model and operation under the prefix, and is the same for the same query', () => {
    expect(plain.key).toMatch(/^p:query:User:findMany:[\w-]{43}$/)
    expect(cached().key).toBe(plain.key)
    expect(cached({ args: { where: undefined } }).key).toBe(plain.key)
    expect(plain.key).toContain(`:${plain.check}`)
    expect(plain.check).toHaveLength(16)
  })

  it.each<[string, Asked]>([
    ['arguments', { args: { take: 1 } }],
    ['operation', { operation: 'findFirst' }],
    ['model', { model: 'Post' }],
    ['path of the fluent API', { dataPath: ['select', 'posts'] }],
    ['tags of the application', { cache: { tags: ['a'] } }],
    ['schema, client or version', { context: { fingerprint: 'g' } }],
    ['scope', { context: { vary: () => 1 } }],
    ['prefix', { context: { prefix: 'q:' } }],
  ])('is another for another %s', (_, asked) => {
    expect(cached(asked).key).not.toBe(plain.key)
  })

  it('is another for each scope, by its type too', () => {
    const scopes = [1, '1', true, null, undefined, 0, '']
    expect(new Set(scopes.map((scope) => cached({ context: { vary: () => scope } }).key)).size).toBe(scopes.length)
  })

  it('is the same for any times', () => {
    expect(cached({ cache: { ttl: 5, swr: 5, nullTtl: 1, refresh: true } }).key).toBe(plain.key)
  })

  it('holds the application’s word, and the envelope then the digest', () => {
    const named = cached({ cache: { key: 'mine' } })
    expect(named.key).toBe('p:query:User:findMany:@mine')
    expect(plain.key.endsWith(named.check)).toBe(true)
    expect(cached({ cache: { key: 'mine' }, args: { take: 1 } }).check).not.toBe(named.check)
  })
})

describe('the tags of a read', () => {
  it('are what it reads and what the application says, in one order', () => {
    const { tags } = cached({ args: { include: { posts: true } }, cache: { tags: ['z', 'a'] } })
    expect(tags).toEqual(['#a', '#z', 'Post', 'User'])
  })

  it('are with those of the models it is declared to depend on, however it reached them', () => {
    const options = { models: { AuthorStats: { dependsOn: ['Post', 'User'] }, Tag: { dependsOn: ['Part'] } } }
    expect(cached({ model: 'AuthorStats', options }).tags).toEqual(['AuthorStats', 'Post', 'User'])
    expect(cached({ model: 'Post', args: { where: { tags: { some: {} } } }, options }).tags).toEqual([
      'Part',
      'Post',
      'Tag',
    ])
  })

  const precise: Asked = { options: { invalidation: 'shape' } }

  it('are as fine as its model’s policy says', () => {
    const args = { where: { authorId: 5 }, orderBy: { id: 'asc' } }
    const tagsOf = (options: CacheOptions) => cached({ model: 'Post', args, options }).tags
    expect(tagsOf({ invalidation: 'row' })).toEqual(['Post'])
    expect(tagsOf({ models: { Post: { invalidation: 'model' } }, invalidation: 'shape' })).toEqual(['Post'])
    const fine = tagsOf({ models: { Post: { invalidation: 'shape' } } })
    expect(fine).toEqual([
      'Post?*',
      expect.stringMatching(/^Post\?authorId=\*&/),
      expect.stringMatching(/^Post\?authorId=5&/),
    ])
    expect(tagsOf({ invalidation: 'shape' })).toEqual(fine)
  })

  it('are looked up with what only a result of null depends on, and each once', () => {
    const one = cached({ ...precise, operation: 'findUnique', args: { where: { id: 1 } } })
    expect(one.tags).toEqual(['User:*', 'User:id=1'])
    expect(one.absence).toEqual(['User:+'])
    expect(one.watched).toEqual(['User:*', 'User:id=1', 'User:+'])
    const many = cached({ ...precise, args: { where: { id: { in: [1, 2] } } } })
    expect(many.absence).toEqual([])
    expect(many.watched).toEqual(many.tags)
  })

  it('come with the shapes among them, for writers to know of', () => {
    const { shapes } = cached({ ...precise, model: 'Tag', args: { where: { color: 'red' }, select: { color: true } } })
    expect(shapes).toEqual([{ model: 'Tag', text: 'color/' }])
    expect(cached({ model: 'Tag', args: { where: { color: 'red' } } }).shapes).toEqual([])
  })

  it('are not told by the result along a fluent path, which is not the one the arguments describe', () => {
    const args = { where: { email: 'ada' }, include: { posts: true } }
    const asked = { ...precise, operation: 'findUnique', args }
    expect(cached(asked).parts.some(({ derivation }) => derivation)).toBe(true)
    const fluent = cached({ ...asked, dataPath: ['select', 'posts'] })
    expect([fluent.parts, fluent.guards]).toEqual([[], []])
    expect(fluent.tags).toEqual(cached(asked).tags)
  })
})

describe('a query that was asked before', () => {
  it('is planned once, under whatever policy it is asked', () => {
    const context = { queries: plannedQueries() }
    const first = cached({ context })
    const second = cached({ context, cache: { ttl: 5, key: 'mine' } })
    expect(second.tags).toBe(first.tags)
    expect(second.policy.ttlMs).toBe(5000)
    expect(second.key).toBe('p:query:User:findMany:@mine')
    expect(context.queries.size).toBe(1)
  })

  it('is refused each time', () => {
    const context = { queries: plannedQueries() }
    const options = { models: { Post: false } } as const
    for (let i = 0; i < 2; i += 1)
      expect(reason({ context, options, args: { include: { posts: true } } })).toBe('model-disabled')
    expect(context.queries.size).toBe(0)
  })
})

describe('a read is not cached', () => {
  it.each<[string, Asked]>([
    ['not-enabled', { options: { defaults: { ttl: 0 } } }],
    ['call-disabled', { cache: false }],
    ['model-disabled', { options: { models: { User: false } } }],
    ['model-disabled', { options: { models: { Post: false } }, args: { include: { posts: true } } }],
    ['operation-disabled', { options: { models: { User: { operations: { findMany: false } } } } }],
    ['never-cache-field', { options: { models: { User: { neverCache: ['email'] } } } }],
    [
      'never-cache-field',
      { options: { models: { User: { neverCache: ['email'] } } }, model: 'Post', args: { include: { author: true } } },
    ],
    ['view-undeclared', { model: 'AuthorStats' }],
    ['unknown-argument', { args: { lock: true } }],
    ['unknown-argument', { model: 'Nobody' }],
    ['computed-field', { args: { select: { fullName: true } } }],
    ['unsupported-argument', { args: { where: { name: new (class Mine {})() } } }],
    ['unsupported-argument', { context: { vary: (() => Symbol('tenant')) as never } }],
  ])('%s: %o', (expected, asked) => {
    expect(reason(asked)).toBe(expected)
  })

  it.each<[string, Asked]>([
    [
      'decides only, and shows no row',
      { options: { models: { Post: false } }, args: { where: { posts: { some: {} } } } },
    ],
    ['is counted only', { options: { models: { Post: false } }, args: { include: { _count: true } } }],
    ['is left out', { options: { models: { User: { neverCache: ['email'] } } }, args: { omit: { email: true } } }],
    ['is not selected', { options: { models: { User: { neverCache: ['email'] } } }, args: { select: { id: true } } }],
    [
      'is counted only',
      {
        options: { models: { User: { neverCache: ['email'] } } },
        operation: 'count',
        args: { select: { email: true } },
      },
    ],
  ])('unless what may not be stored %s', (_, asked) => {
    expect(reason(asked)).toBe('cached')
  })

  it('where caching does not pay; arguments that cannot be cached are told first', () => {
    const admission = new Admission(new EventHub(), { refuses: true, isRemote: false })
    const account = admission.of('User', 'findMany', '*')
    for (let i = 0; i < 256; i += 1) {
      account.planned(0.1)
      account.miss(false)
      account.queried(1)
      account.filled(0.1)
    }
    expect(account.isAdmitted).toBe(false)
    const context = { admission }
    expect(reason({ context, args: { where: { OR: [{ id: 1 }, { id: 2 }] } } })).toBe('not-admitted')
    expect(reason({ context, args: { where: { name: new (class Mine {})() } } })).toBe('unsupported-argument')
  })

  it('where the scope cannot be told, which is an event', () => {
    events.splice(0)
    const vary = () => {
      throw new Error('no request')
    }
    expect(reason({ context: { vary } })).toBe('vary-failed')
    expect(events).toMatchObject([{ type: 'error', during: 'vary', model: 'User' }])
  })
})

describe('a raw read', () => {
  const statement = (sql: string, ...values: unknown[]) => ({ sql, values })
  const raw = (reads: string[], asked: Asked = {}, args: unknown = statement('SELECT 1')) =>
    planRawRead(
      { model: RAW, operation: '$queryRaw', args: args as ReadCall['args'], dataPath: [], run, begun: NOT_TIMED },
      { reads, ttl: 5 },
      contextOf(asked),
    )

  it('depends on the models it was declared to read, whole', () => {
    expect(raw(['User', 'Post'])).toMatchObject({ kind: 'cached', tags: ['Post', 'User'], policy: { ttlMs: 5000 } })
    expect(raw([])).toMatchObject({ kind: 'cached', tags: [] })
  })

  it('has another key for another text or value', () => {
    const keyOf = (args: unknown) => {
      const plan = raw(['User'], {}, args)
      return plan.kind === 'cached' ? plan.key : undefined
    }
    const statements = [statement('SELECT ?', 1), statement('SELECT ?', '1'), statement('SELECT 1'), ['SELECT ?', 1]]
    expect(new Set(statements.map(keyOf)).size).toBe(statements.length)
    // To SQLite a JSON value is its text.
    expect(keyOf(statement('SELECT ?', { a: 1, b: 2 }))).not.toBe(keyOf(statement('SELECT ?', { b: 2, a: 1 })))
  })

  it.each<[string, string[], CacheOptions]>([
    ['model-disabled', ['User'], { models: { User: false } }],
    ['never-cache-field', ['User'], { models: { User: { neverCache: ['email'] } } }],
    ['view-undeclared', ['AuthorStats'], {}],
  ])('is not cached: %s', (expected, reads, options) => {
    expect(raw(reads, { options })).toEqual({ kind: 'bypass', reason: expected })
  })
})

describe('a client is told from another', () => {
  const fingerprint = (schema: string, ...parts: unknown[]) => clientFingerprint(graphOf(schema), parts)
  const schema = `
    enum Role {
      USER
      ADMIN @map("admin")
    }
    model A {
      id Int @id
      name String
      slug String @db.VarChar(40)
      role Role
      bId Int?
      b B? @relation(fields: [bId], references: [id])
    }
    model B {
      id Int @id
      other Int @unique
      as A[]
    }`

  it.each<[string, string, string]>([
    ['the name of a field', 'name', 'title'],
    ['its type', 'name String', 'name Int'],
    ['its column', 'name String', 'name String @map("title")'],
    ['whether it is a list', 'name String', 'name String[]'],
    ['whether it may be null', 'name String', 'name String?'],
    ['its default', 'name String', 'name String @default("x")'],
    ['its native type', 'VarChar(40)', 'Uuid'],
    ['the length of its native type', 'VarChar(40)', 'VarChar(20)'],
    ['a unique key', 'name String', 'name String @unique'],
    ['the table', 'role Role', 'role Role\n@@map("b")'],
    ['the name of a model', 'model A', 'model C'],
    ['the key of a relation', 'references: [id]', 'references: [other]'],
    ['what a delete does', 'references: [id]', 'references: [id], onDelete: Cascade'],
    ['the value of an enum', '@map("admin")', '@map("root")'],
    ['an enum that takes a value for a name', 'ADMIN @map("admin")', 'ADMIN\nadmin'],
  ])('by %s', (_, before, after) => {
    expect(schema).toContain(before)
    expect(fingerprint(schema.replace(before, after))).not.toBe(fingerprint(schema))
  })

  it('by what it is set up with, and what it knows of the database', () => {
    const graph = graphOf(schema)
    const A = graph.models.get('A')!
    const name = { ...A.fields.get('name')!, changesByItself: true }
    const informed = new Map(graph.models).set('A', { ...A, fields: new Map(A.fields).set('name', name) })
    const prints = [
      fingerprint(schema),
      fingerprint(schema, { user: { email: true } }),
      clientFingerprint({ ...graph, provider: 'mysql' }, []),
      clientFingerprint({ ...graph, models: informed }, []),
    ]
    expect(new Set(prints).size).toBe(prints.length)
  })

  it('not by comments, layout, generators or the order of nothing that counts', () => {
    const formatted = schema.replace('id Int @id', 'id   Int   @id // key').replace('enum', '/// Roles\nenum')
    expect(fingerprint(`generator js {\n  output = "x"\n}\n${formatted}`)).toBe(fingerprint(schema))
  })
})
