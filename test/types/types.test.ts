import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { MODELS } from './schema.ts'
import {
  assertionLines,
  type Client,
  clients,
  compile,
  compilers,
  configFile,
  prepareTypeProjects,
} from './type-project.ts'

const EXTENSION = 'extension.ts'
/** The instantiations an application's own file of 25 queries may cost. An empty `$extends({})` costs 52 000 there. */
const BUDGET = 45_000

beforeAll(prepareTypeProjects, 120_000)

describe.concurrent('the types of a cached client', () => {
  const matrix = clients.flatMap((client) => compilers.map((compiler) => ({ client, compiler })))

  it.each(matrix)('are right in TypeScript $compiler with $client', async ({ client, compiler }) => {
    const { errors } = await compile(compiler, { client, extension: EXTENSION, files: filesFor(client) })
    expect(errors).toEqual([])
  })

  it.each(clients)('cost no more than the budget with %s', async (client) => {
    const { errors, instantiations } = await compile('5.9', { client, extension: EXTENSION, files: ['queries.ts'] })
    const asserted = assertionLines('queries.ts').length
    process.stdout.write(
      `types: ${client}, ${MODELS} models, ${asserted} assertions: ${instantiations} instantiations of ${BUDGET}\n`,
    )
    expect(errors).toEqual([])
    expect(asserted).toBeGreaterThanOrEqual(25)
    expect(instantiations).toBeLessThanOrEqual(BUDGET)
  })

  it('are asserted by lines that each fail against an extension that types nothing', async () => {
    const files = filesFor('prisma-client').filter((file) => file !== 'names.ts')
    const { errors } = await compile('5.9', { client: 'prisma-client', extension: 'any-extension.ts', files })
    const failing = new Set(errors.map((error) => error.split(': ')[0]))
    const asserted = files.flatMap(assertionLines)
    process.stdout.write(`types: ${asserted.length} assertions, each seen to fail\n`)
    expect(asserted.filter((line) => !failing.has(line))).toEqual([])
  })
})

describe('an editor', () => {
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
    expect(completions(code)).toEqual(expect.arrayContaining(offered))
  })
})

/** What is lost with a copy of Prisma's types is asserted too, so that it is noticed when it comes back. */
function filesFor(client: Client): string[] {
  const copied = client === 'prisma-client-js with output'
  return [
    'queries.ts',
    'composition.ts',
    'misuse.ts',
    'names.ts',
    copied ? 'global-omit-with-copied-types.ts' : 'global-omit.ts',
  ]
}

let editor: { complete(code: string): string[] } | undefined

function completions(code: string): string[] {
  editor ??= openEditor()
  return editor.complete(code)
}

function openEditor() {
  const config = configFile({ client: 'prisma-client', extension: EXTENSION, files: ['queries.ts'] })
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    config.slice(0, config.lastIndexOf('/')),
  )
  const [queries] = fileNames as [string]
  const file = queries.replace('queries.ts', 'edited.ts')
  let text = ''
  let version = 0
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => options,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getScriptFileNames: () => [file],
    getScriptVersion: (name) => (name === file ? `${version}` : '0'),
    getScriptSnapshot: (name) => {
      const content = name === file ? text : ts.sys.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    fileExists: (name) => name === file || ts.sys.fileExists(name),
  })
  return {
    complete(code: string): string[] {
      version++
      text = `import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
const prisma = new PrismaClient({ adapter: null as never }).$extends(cacheExtension)
${code}`
      const caret = text.indexOf('|')
      text = text.replace('|', ' ')
      return service.getCompletionsAtPosition(file, caret, {})?.entries.map((entry) => entry.name) ?? []
    },
  }
}
