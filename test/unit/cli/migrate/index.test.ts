import { describe, expect, it } from 'vitest'
import { type From, migrate } from '../../../../src/cli/migrate/index.ts'

/** One file, rewritten; what was refused and noted, as `line: text`. */
function migrated(from: From, text: string, name = 'app.ts') {
  const { changed, refusals, notes } = migrate(from, [{ name, text }])
  const told = (remarks: typeof notes) => remarks.map((remark) => `${remark.line}: ${remark.text}`)
  return { text: changed[0]?.rewritten ?? text, refused: told(refusals), notes: told(notes), diff: changed[0]?.diff }
}

const accelerate = (text: string, name?: string) => migrated('accelerate', text, name)
const redis = (text: string) => migrated('redis', text)

describe('migrate accelerate', () => {
  it.each([
    ['a strategy', 'db.user.findMany({ cacheStrategy: { ttl: 60 } })', 'db.user.findMany({ cache: { ttl: 60 } })'],
    ['a quoted one', "db.user.count({ 'cacheStrategy': { ttl: 1 } })", 'db.user.count({ cache: { ttl: 1 } })'],
    ['one that switches caching off', 'db.user.count({ cacheStrategy: {} })', 'db.user.count({ cache: false })'],
    ['a cast', 'db.a.count({ cacheStrategy: { ttl: 1 } } as any)', 'db.a.count({ cache: { ttl: 1 } } as any)'],
    [
      'a constant',
      'const cacheStrategy = { ttl: 60 }\ndb.user.findMany({ cacheStrategy })',
      'const cacheStrategy = { ttl: 60 }\ndb.user.findMany({ cache: cacheStrategy })',
    ],
    [
      'a choice',
      'db.user.findMany({ cacheStrategy: isHot ? { ttl: 1, swr: 2 } : {} })',
      'db.user.findMany({ cache: isHot ? { ttl: 1, swr: 2 } : false })',
    ],
    [
      'an invalidation',
      "await db.$accelerate.invalidate({ tags: ['a'] })",
      "await db.$cache.invalidate({ tags: ['a'] })",
    ],
    ['an invalidation of all', 'await db.$accelerate.invalidateAll()', 'await db.$cache.clear()'],
    [
      'the import',
      "import { withAccelerate } from '@prisma/extension-accelerate'\nx.$extends(withAccelerate())",
      "import { cacheExtension } from 'prisma-extension-query-cache'\nx.$extends(cacheExtension())",
    ],
    [
      'the import by another name',
      'import { withAccelerate as wa } from "@prisma/extension-accelerate"\nx.$extends(wa())',
      'import { cacheExtension as wa } from "prisma-extension-query-cache"\nx.$extends(wa())',
    ],
    [
      'a require',
      "const { withAccelerate } = require('@prisma/extension-accelerate')\nx.$extends(withAccelerate())",
      "const { cacheExtension } = require('prisma-extension-query-cache')\nx.$extends(cacheExtension())",
    ],
  ])('rewrites %s', (_, before, after) => {
    expect(accelerate(before)).toMatchObject({ text: after, refused: [], notes: [] })
  })

  it('rewrites withAccelerateInfo, and notes what its info says now', () => {
    const { text, refused, notes } = accelerate(
      'const { data } = await db.user\n  .findMany({ cacheStrategy: { ttl: 1 } })\n  .withAccelerateInfo()',
    )
    expect(text).toBe('const { data } = await db.$cache.withCacheInfo(db.user\n  .findMany({ cache: { ttl: 1 } }))')
    expect(refused).toEqual([])
    expect(notes).toEqual([expect.stringMatching(/^1: `info` is another/)])
  })

  it.each([
    ['a strategy without a ttl', 'db.a.count({ cacheStrategy: { swr: 60 } })', /without a `ttl`/],
    ['a strategy whose ttl is 0', 'db.a.count({ cacheStrategy: { ttl: 0, swr: 60 } })', /without a `ttl`/],
    ['a strategy that is spread', 'db.a.count({ cacheStrategy: { ...one } })', /more than `ttl`/],
    ['a strategy of a write', 'db.a.create({ data, cacheStrategy: { ttl: 1 } })', /of a write, `create`/],
    ['a strategy of its own', 'const args = { cacheStrategy: { ttl: 1 } }', /outside of the arguments/],
    ['a strategy that is set', 'args.cacheStrategy = { ttl: 1 }', /outside of the arguments/],
    ['a strategy in a type', 'interface Args { cacheStrategy?: { ttl: number } }', /outside of the arguments/],
    ['info of a variable', 'const { info } = await read.withAccelerateInfo()', /no call of a read/],
    ['another use of $accelerate', 'const { $accelerate } = db; use(db.$accelerate)', /no call of `invalidate`/],
    ['another import', "import { makeAccelerateExtension } from '@prisma/extension-accelerate'", /corresponds/],
    ['an import on demand', "await import('@prisma/extension-accelerate')", /on demand/],
    ['an export', "export * from '@prisma/extension-accelerate'", /exported again/],
    ['a mock', "vi.mock('@prisma/extension-accelerate')", /is named here/],
    ['what is no program', 'db.a.count({', /not to be parsed/],
  ])('leaves %s as it is, and says where', (_, text, why) => {
    const found = accelerate(`\n${text}`)
    expect(found.text).toBe(`\n${text}`)
    expect(found.refused).toEqual([expect.stringMatching(why)])
    expect(found.refused[0]).toMatch(/^[23]: /)
  })

  it('keeps `withAccelerate`, ours, while anything is left that needs it', () => {
    const files = [
      {
        name: 'db.ts',
        text: "import { withAccelerate } from '@prisma/extension-accelerate'\nx.$extends(withAccelerate())",
      },
      { name: 'app.ts', text: 'db.a.count({ cacheStrategy: { ttl: 1 } })\ndb.a.count({ cacheStrategy: { ...one } })' },
    ]
    const { changed, refusals, keepsSurface } = migrate('accelerate', files)
    expect(keepsSurface).toBe(true)
    expect(changed.map(({ rewritten }) => rewritten)).toEqual([
      "import { withAccelerate } from 'prisma-extension-query-cache/accelerate'\nx.$extends(withAccelerate())",
      'db.a.count({ cache: { ttl: 1 } })\ndb.a.count({ cacheStrategy: { ...one } })',
    ])
    expect(refusals).toMatchObject([{ file: 'app.ts', line: 2 }])
    const withOptions =
      "import { withAccelerate } from '@prisma/extension-accelerate'\nx.$extends(withAccelerate({ fetch }))"
    expect(accelerate(withOptions)).toMatchObject({
      text: withOptions.replace('@prisma/extension-accelerate', 'prisma-extension-query-cache/accelerate'),
      refused: [],
    })
  })

  it('notes what a client needs besides, and strategies that are written elsewhere', () => {
    const { notes, refused } = accelerate(
      "import { PrismaClient } from '@prisma/client/edge'\nnew PrismaClient({ accelerateUrl })\ndb.a.count({ cacheStrategy: HOT })",
    )
    expect(notes).toEqual([
      expect.stringMatching(/^1: .*edge/),
      expect.stringMatching(/^2: .*driver adapter/),
      expect.stringMatching(/^3: see that `HOT` has a `ttl`/),
    ])
    expect(refused).toEqual([])
    expect(accelerate('new PrismaClient({ adapter })\nconst cacheStrategy = 1').notes).toEqual([])
  })

  it('shows a unified diff, and touches nothing else of a file', () => {
    const text = '// héllo\nconst  a = 1 // odd\n\n  db.a.count({ cacheStrategy: { ttl: 1 } })\n'
    const { diff } = accelerate(text)
    expect(diff).toBe(
      [
        '--- a/app.ts',
        '+++ b/app.ts',
        '@@ -2,3 +2,3 @@',
        ' const  a = 1 // odd',
        ' ',
        '-  db.a.count({ cacheStrategy: { ttl: 1 } })',
        '+  db.a.count({ cache: { ttl: 1 } })',
        '',
      ].join('\n'),
    )
  })

  it.each([
    ['app.ts', 'const a = <any>db; db.a.count({ cacheStrategy: { ttl: 1 } })'],
    ['app.tsx', 'const a = <p>{db.a.count({ cacheStrategy: { ttl: 1 } })}</p>'],
    ['app.js', 'const a = <p>{db.a.count({ cacheStrategy: { ttl: 1 } })}</p>'],
    ['app.cjs', "'use strict'; db.a.count({ cacheStrategy: { ttl: 1 } })"],
  ])('reads %s', (name, text) => {
    expect(accelerate(text, name)).toMatchObject({ text: text.replace('cacheStrategy', 'cache'), refused: [] })
  })
})

describe('migrate redis', () => {
  it('rewrites the set-up', () => {
    const { text, refused } = redis(`import { PrismaExtensionRedis } from 'prisma-extension-redis'
x.$extends(PrismaExtensionRedis({
  client: new Redis(url),
  config: {
    ttl: 60, stale: 30, type: 'JSON', cacheKey: { prefix: 'shop:' },
    auto: {
      invalidateOnWrite: true, excludedModels: ['Session'],
      models: [{ model: 'Plan', ttl: 3600, stale: 5, excludedOperations: ['count'] }],
    },
  },
}))`)
    expect(refused).toEqual([])
    expect(text).toBe(`import { cacheExtension } from 'prisma-extension-query-cache'
x.$extends(cacheExtension({ redis: new Redis(url), prefix: 'shop:', defaults: { ttl: 60, swr: 30 }, models: { Session: { ttl: 0 }, Plan: { ttl: 3600, swr: 5, operations: { count: { ttl: 0 } } } } }))`)
  })

  it.each([
    ['without auto', '{ client, config: { ttl: 1 } }', '{ redis: client }'],
    ['with auto', '{ client, config: { ttl: 1, auto: true } }', '{ redis: client, defaults: { ttl: 1 } }'],
    [
      'with models of its own',
      "{ client, config: { ttl: 1, auto: { includedModels: ['A'], ttl: 2 } } }",
      '{ redis: client, models: { A: { ttl: 2 } } }',
    ],
  ])('rewrites a set-up %s', (_, before, after) => {
    const head = "import { PrismaExtensionRedis } from 'prisma-extension-redis'\nx.$extends("
    expect(redis(`${head}PrismaExtensionRedis(${before}))`).text).toMatch(`cacheExtension(${after}))`)
  })

  it('rewrites the options of calls, and takes out what writes do by themselves', () => {
    const { text, refused, notes } = redis(`a.b.findMany({ where, cache: { ttl: 5, stale: 2, key: a.getKey({}) } })
a.b.findMany({ cache: true })
a.b.update({ where, data, uncache: { uncacheKeys: [a.getKey({})], hasPattern: true } })`)
    expect(refused).toEqual([])
    expect(notes).toEqual([expect.stringMatching(/^3: writes invalidate/)])
    expect(text).toBe(`a.b.findMany({ where, cache: { ttl: 5, swr: 2 } })
a.b.findMany({ cache: true })
a.b.update({ where, data })`)
  })

  it.each([
    ['uncache', 'await a.uncache({ uncacheKeys: [key] })', /`uncache`/],
    ['a key', 'const key = a.getKey({ params: [] })', /`getKey`/],
    ['meta', 'a.b.findMany({ meta: true })', /withCacheInfo/],
    ['another option', 'a.b.findMany({ cache: { ttl: 5, other: 1 } })', /more than `ttl`/],
    ['options from elsewhere', 'a.b.findMany({ cache: options })', /neither an object/],
    ['another import', "import { CacheCase } from 'prisma-extension-redis'", /corresponds/],
  ])('refuses %s', (_, text, why) => {
    expect(redis(`\n${text}`).refused).toEqual([expect.stringMatching(why)])
    expect(redis(`\n${text}`).refused[0]).toMatch(/^2: /)
  })

  it.each([
    ['options from elsewhere', 'options', /not written here/],
    ['a connection', '{ client: { host }, config: { ttl: 1 } }', /a client, or a URL/],
    ['hooks', '{ client, config: { ttl: 1, onHit } }', /`onHit`/],
    ['operations of all models', "{ client, config: { auto: { excludedOperations: ['count'] } } }", /by model/],
  ])('refuses a set-up with %s', (_, options, why) => {
    const text = `import { PrismaExtensionRedis } from 'prisma-extension-redis'\nPrismaExtensionRedis(${options})`
    expect(redis(text).refused).toEqual([expect.stringMatching(why)])
  })
})
