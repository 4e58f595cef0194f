import { beforeAll, describe, expect, it } from 'vitest'
import { MODELS } from './schema.ts'
import {
  assertionLines,
  compile,
  EXTENSION,
  expectWithinBudget,
  filesFor,
  OF_THE_PACKAGE_ALONE,
  openEditor,
  prepareTypeProjects,
} from './type-project.ts'

// With the newest TypeScript and Prisma's default client; types.long.test.ts has the others.
beforeAll(() => prepareTypeProjects(['prisma-client']))

describe('the types of a cached client', () => {
  it('are right in the newest TypeScript', async () => {
    const { errors } = await compile('7', {
      client: 'prisma-client',
      extension: EXTENSION,
      files: filesFor('prisma-client'),
    })
    expect(errors).toEqual([])
  })

  it('cost no more than the budget', () => expectWithinBudget('prisma-client'))

  it('are asserted by lines that each fail against an extension that types nothing', async () => {
    const files = filesFor('prisma-client').filter((file) => ![...OF_THE_PACKAGE_ALONE, 'clients.ts'].includes(file))
    const { errors } = await compile('7', { client: 'prisma-client', extension: 'any-extension.ts', files })
    const failing = new Set(errors.map((error) => error.split(': ')[0]))
    const asserted = files.flatMap(assertionLines)
    process.stdout.write(`types: ${asserted.length} assertions, each seen to fail\n`)
    expect(asserted.filter((line) => !failing.has(line))).toEqual([])
  })
})

describe('the types of a client with `withAccelerate`', () => {
  const compiled = async (extension: string, files: string[]) =>
    (await compile('7', { client: 'prisma-client', extension, files })).errors

  it('are right, in a file that compiles with the extension of Prisma as well', async () => {
    expect(await compiled('published-accelerate.ts', ['accelerate.ts'])).toEqual([])
    expect(await compiled('our-accelerate.ts', ['accelerate.ts', 'accelerate-names.ts'])).toEqual([])
  })

  it('are asserted by lines that each fail where nothing is typed', async () => {
    const failing = new Set(
      (await compiled('any-extension.ts', ['accelerate.ts'])).map((error) => error.split(': ')[0]),
    )
    expect(assertionLines('accelerate.ts').filter((line) => !failing.has(line))).toEqual([])
  })
})

describe('an editor', () => {
  const HEAD = `import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
export const prisma = new PrismaClient({ adapter: null as never }).$extends(cacheExtension)
`
  let editor: ReturnType<typeof openEditor>
  beforeAll(() => {
    editor = openEditor({ client: 'prisma-client', extension: EXTENSION })
  })

  // A type parameter without a default is unknown while the caret is in its own argument, and nothing is offered.
  it.each([
    ['arguments of a read', 'prisma.m3.findMany({ | })', ['where', 'select', 'include', 'cache']],
    ['arguments of a count', 'prisma.m3.count({ | })', ['where', 'select', 'cache']],
    ['options of a read', 'prisma.m3.findMany({ cache: { | } })', ['ttl', 'swr', 'nullTtl', 'tags', 'key', 'refresh']],
    ['options of a write', 'prisma.m3.delete({ where: { id: 1 }, cache: { | } })', ['invalidate']],
    ['columns', 'prisma.m3.findMany({ select: { id: true, | } })', ['name', 'prev', 'children']],
    ['columns of a relation', 'prisma.m3.findMany({ include: { prev: { select: { | } } } })', ['name', 'nexts']],
    ['filters', 'prisma.m3.findMany({ where: { name: { | } } })', ['contains', 'startsWith']],
  ])('completes the %s', (_what, code, offered) => {
    expect(editor.completions(HEAD + code)).toEqual(expect.arrayContaining(offered))
  })

  // TypeScript gives up on types whose text grows beyond a million characters.
  it('writes the client into a declaration file that stays small', () => {
    const { text, errors } = editor.declarations(HEAD)
    expect(errors).toEqual([])
    expect(text).toContain('CachedMethod<"findMany">')
    expect(text.length).toBeLessThan(5_000 * MODELS)
  })
})
