import { beforeAll, describe, expect, it } from 'vitest'
import { MODELS } from './schema.ts'
import {
  assertionLines,
  type Client,
  clients,
  compile,
  compilers,
  openEditor,
  prepareTypeProjects,
} from './type-project.ts'

const EXTENSION = 'extension.ts'

/**
 * The instantiations that a file of an application's own may cost. What `queries.ts` does, without its `cache` arguments,
 * costs 21 000 with a plain client of Prisma 7.10, and 74 000 with an extension that does nothing.
 */
const BUDGET = 45_000

beforeAll(prepareTypeProjects, 120_000)

describe('the types of a cached client', () => {
  // The repository's own compiler is between the two, and measures the budget with every client.
  const matrix = clients.flatMap((client) =>
    compilers
      .filter((compiler) => compiler !== '5.9' || client === 'prisma-client')
      .map((compiler) => ({ client, compiler })),
  )

  it.each(matrix)('are right in TypeScript $compiler with $client', async ({ client, compiler }) => {
    const { errors } = await compile(compiler, { client, extension: EXTENSION, files: filesFor(client) })
    expect(errors).toEqual([])
  })

  it('are right with `experimentalDecorators`', async () => {
    const files = ['decorators.ts']
    const legacy = { client: 'prisma-client', extension: EXTENSION, files, legacyDecorators: true } as const
    expect((await compile('5.9', legacy)).errors).toEqual([])
  })

  it.each(clients)('cost no more than the budget with %s', async (client) => {
    const { errors, instantiations } = await compile('5.9', { client, extension: EXTENSION, files: ['queries.ts'] })
    const asserted = assertionLines('queries.ts').length
    print(`${client}, ${MODELS} models, ${asserted} assertions: ${instantiations} instantiations of ${BUDGET}`)
    expect(errors).toEqual([])
    expect(asserted).toBeGreaterThanOrEqual(25)
    expect(instantiations).toBeLessThanOrEqual(BUDGET)
  })

  it('are asserted by lines that each fail against an extension that types nothing', async () => {
    const files = filesFor('prisma-client').filter((file) => !OF_THE_PACKAGE_ALONE.includes(file))
    const { errors } = await compile('7', { client: 'prisma-client', extension: 'any-extension.ts', files })
    const failing = new Set(errors.map((error) => error.split(': ')[0]))
    const asserted = files.flatMap(assertionLines)
    print(`${asserted.length} assertions, each seen to fail`)
    expect(asserted.filter((line) => !failing.has(line))).toEqual([])
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

const OF_THE_PACKAGE_ALONE = ['names.ts', 'offering.ts', 'values.ts', 'decorators.ts']

/** What is lost with a copy of Prisma's types is asserted too, so that it is noticed when it comes back. */
function filesFor(client: Client): string[] {
  const copied = client === 'prisma-client-js with output'
  const globalOmit = copied ? 'global-omit-with-copied-types.ts' : 'global-omit.ts'
  return ['queries.ts', 'by-ids.ts', 'composition.ts', 'misuse.ts', globalOmit, ...OF_THE_PACKAGE_ALONE]
}

function print(figures: string): void {
  process.stdout.write(`types: ${figures}\n`)
}
