import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { expect } from 'vitest'
import { chainSchema, MODELS, PRISMA_CLIENT, PRISMA_CLIENT_JS, PRISMA_CLIENT_JS_WITH_OUTPUT } from './schema.ts'

const require = createRequire(import.meta.url)
const root = fileURLToPath(new URL('../..', import.meta.url))
const home = join(root, 'test/.generated/types')
const declarations = join(home, 'package')
const assertions = fileURLToPath(new URL('assertions', import.meta.url))

/** Each client an application can have, and where TypeScript finds it. */
const CLIENTS = {
  'prisma-client': { generator: PRISMA_CLIENT, entry: 'client/client.ts' },
  'prisma-client-js': { generator: PRISMA_CLIENT_JS, entry: 'node_modules/@prisma/client/default.d.ts' },
  'prisma-client-js with output': { generator: PRISMA_CLIENT_JS_WITH_OUTPUT, entry: 'client/index.d.ts' },
} as const

/** The oldest and the newest that are supported, as commands; the one in between is the repository's own. */
const COMMANDS = { '5.4': 'typescript-5.4', '7': 'typescript-7' } as const

export type Client = keyof typeof CLIENTS
export type Compiler = keyof typeof COMMANDS | '5.9'
export const clients = Object.keys(CLIENTS) as Client[]
export const compilers: readonly Compiler[] = ['5.4', '5.9', '7']

export interface Project {
  readonly client: Client
  /** Names of files in `assertions`. */
  readonly files: readonly string[]
  /** The file that stands for the package's `cacheExtension`. */
  readonly extension: string
  /** With `experimentalDecorators`. @default false */
  readonly legacyDecorators?: boolean
}

export interface Compilation {
  /** `queries.ts:12: TS2322: …` */
  readonly errors: readonly string[]
  readonly instantiations: number
}

/** The clients, made again only when their input changed, and the package's declarations as they are now. */
export async function prepareTypeProjects(needed: readonly Client[]): Promise<void> {
  mkdirSync(home, { recursive: true })
  await Promise.all([emitDeclarations(), ...needed.map(generateClient)])
}

export const EXTENSION = 'extension.ts'
export const OF_THE_PACKAGE_ALONE = ['names.ts', 'offering.ts', 'values.ts', 'decorators.ts']

/** What is lost with a copy of Prisma's types is asserted too, so that it is noticed when it comes back. */
export function filesFor(client: Client): string[] {
  const copied = client === 'prisma-client-js with output'
  const globalOmit = copied ? 'global-omit-with-copied-types.ts' : 'global-omit.ts'
  const clients = copied ? 'clients-with-copied-types.ts' : 'clients.ts'
  return ['queries.ts', 'by-ids.ts', 'composition.ts', 'misuse.ts', globalOmit, clients, ...OF_THE_PACKAGE_ALONE]
}

/**
 * The instantiations that a file of an application's own may cost. What `queries.ts` does, without its `cache` arguments,
 * costs 21 000 with a plain client of Prisma 7.10, and 74 000 with an extension that does nothing.
 */
const BUDGET = 45_000

/** Compiles `queries.ts` and asserts that it costs no more than the budget. */
export async function expectWithinBudget(client: Client): Promise<void> {
  const { errors, instantiations } = await compile('5.9', { client, extension: EXTENSION, files: ['queries.ts'] })
  const asserted = assertionLines('queries.ts').length
  process.stdout.write(
    `types: ${client}, ${MODELS} models, ${asserted} assertions: ${instantiations} instantiations of ${BUDGET}\n`,
  )
  expect(errors).toEqual([])
  expect(asserted).toBeGreaterThanOrEqual(25)
  expect(instantiations).toBeLessThanOrEqual(BUDGET)
}

/** Compiles as an application would. */
export function compile(compiler: Compiler, project: Project): Promise<Compilation> {
  return compiler === '5.9' ? Promise.resolve(compileHere(project)) : compileByCommand(compiler, project)
}

async function compileByCommand(compiler: keyof typeof COMMANDS, project: Project): Promise<Compilation> {
  const command = join(dirname(require.resolve(`${COMMANDS[compiler]}/package.json`)), 'bin/tsc')
  const path = join(clientFolder(project.client), `tsconfig.${compiler}.${basename(project.extension, '.ts')}.json`)
  writeFileSync(path, JSON.stringify(configOf(project), null, 2))
  const { stdout } = await run(command, ['--project', path, '--pretty', 'false', '--extendedDiagnostics'])
  const errors = [...stdout.matchAll(/^(?:(\S.*?)\((\d+),\d+\): )?error (TS\d+: .*)$/gm)].map(
    ([, file, line, message]) => `${basename(file ?? 'tsc')}:${line ?? 0}: ${message}`,
  )
  const instantiations = Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1])
  if (!(instantiations > 0)) throw new Error(`TypeScript ${compiler} did not check ${path}\n${stdout}`)
  return { errors, instantiations }
}

/** Parsed once for all projects of one client; that is most of the work. */
const parsed = new Map<string, ts.SourceFile | undefined>()

function compileHere(project: Project): Compilation {
  const { options, fileNames } = parsedConfig(project)
  const host = ts.createCompilerHost(options)
  const parse = host.getSourceFile
  host.getSourceFile = (name, ...rest) => {
    if (!parsed.has(name)) parsed.set(name, parse(name, ...rest))
    return parsed.get(name)
  }
  const program = ts.createProgram(fileNames, options, host)
  const errors = ts.getPreEmitDiagnostics(program).map(({ file, start, code, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    return `${basename(file?.fileName ?? 'tsc')}:${line}: TS${code}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
  return { errors, instantiations: program.getInstantiationCount() }
}

/** What an editor knows of a file beside the assertions, whose text is given with each question. */
export function openEditor(project: Omit<Project, 'files'>) {
  const { options } = parsedConfig({ ...project, files: [] })
  const path = join(assertions, 'edited.ts')
  let text = ''
  let version = 0
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => ({ ...options, noEmit: false, allowImportingTsExtensions: false, declaration: true }),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getScriptFileNames: () => [path],
    getScriptVersion: (name) => (name === path ? `${version}` : '0'),
    getScriptSnapshot: (name) => {
      const content = name === path ? text : ts.sys.readFile(name)
      return content === undefined ? undefined : ts.ScriptSnapshot.fromString(content)
    },
    fileExists: (name) => name === path || ts.sys.fileExists(name),
  })
  const edit = (next: string) => {
    version++
    text = next
  }
  return {
    /** What is offered where the text has its `|`. */
    completions(code: string): string[] {
      edit(code.replace('|', ''))
      return service.getCompletionsAtPosition(path, code.indexOf('|'), {})?.entries.map((entry) => entry.name) ?? []
    },
    /** The text's declaration file. */
    declarations(code: string): { text: string; errors: string[] } {
      edit(code)
      const { outputFiles } = service.getEmitOutput(path, true, true)
      const errors = service.getSemanticDiagnostics(path).map(({ messageText }) => `${messageText}`)
      return { text: outputFiles.map((file) => file.text).join(''), errors }
    },
  }
}

/** What the lines of an assertion file assert: the line in question, and for a directive the directive's own. */
export function assertionLines(file: string): string[] {
  const lines = readFileSync(join(assertions, file), 'utf8').split('\n')
  return lines.flatMap((line, i) => (/expectType<Equal<|@ts-expect-error/.test(line) ? [`${file}:${i + 1}`] : []))
}

/** An application's `tsconfig.json`; it lies in the client's folder. */
function configOf({ client, files, extension, legacyDecorators = false }: Project) {
  const at = (file: string) => {
    const path = relative(clientFolder(client), file)
    return path.startsWith('.') ? path : `./${path}`
  }
  return {
    compilerOptions: {
      target: 'es2022',
      lib: ['es2023'],
      module: 'nodenext',
      moduleResolution: 'nodenext',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      experimentalDecorators: legacyDecorators,
      paths: {
        'generated-client': [at(join(clientFolder(client), CLIENTS[client].entry))],
        'cache-extension': [at(join(assertions, extension))],
        'prisma-extension-query-cache': [at(join(declarations, 'index.d.ts'))],
        'prisma-extension-query-cache/*': [at(join(declarations, '*.d.ts'))],
      },
    },
    files: files.map((file) => at(join(assertions, file))),
  }
}

function parsedConfig(project: Project): ts.ParsedCommandLine {
  return ts.parseJsonConfigFileContent(configOf(project), ts.sys, clientFolder(project.client))
}

async function generateClient(client: Client): Promise<void> {
  const folder = clientFolder(client)
  const schema = chainSchema(CLIENTS[client].generator)
  const digest = createHash('sha256').update(schema).update(require('prisma/package.json').version).digest('hex')
  const stamp = join(folder, 'stamp')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return

  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'schema'), { recursive: true })
  writeFileSync(join(folder, 'schema/schema.prisma'), schema)
  installPrismaIn(folder)
  await prismaGenerate(folder)
  writeFileSync(stamp, digest)
}

/**
 * Without an `output` the client goes into `node_modules/.prisma` beside the nearest `@prisma/client`: a folder of one's
 * own keeps it out of this repository's. Prisma only accepts a real folder there; what TypeScript reads of it may be a
 * link, and must be one, for a copy would be another type by the same name.
 */
function installPrismaIn(folder: string): void {
  const installed = dirname(require.resolve('@prisma/client/package.json'))
  const scope = join(folder, 'node_modules/@prisma/client')
  mkdirSync(scope, { recursive: true })
  for (const file of ['package.json', 'default.d.ts']) copyFileSync(join(installed, file), join(scope, file))
  symlinkSync(join(installed, 'runtime'), join(scope, 'runtime'))
  symlinkSync(dirname(require.resolve('prisma/package.json')), join(folder, 'node_modules/prisma'))
}

async function prismaGenerate(folder: string): Promise<void> {
  // Asked for before it starts and never run; without an empty file to point at, it would be downloaded.
  const engine = join(folder, 'no-schema-engine')
  writeFileSync(engine, '')
  const generate = ['generate', '--schema', join(folder, 'schema'), '--no-hints']
  const env = { PRISMA_SCHEMA_ENGINE_BINARY: engine, CHECKPOINT_DISABLE: '1' }
  const { stdout, failed } = await run(require.resolve('prisma/build/index.js'), generate, env)
  if (failed) throw new Error(`prisma generate failed for ${folder}\n${stdout}`)
}

/**
 * Applications compile against declarations, so do the assertions: the sources' own cost is no part of the budget, and
 * need not compile with every TypeScript that the declarations must compile with.
 */
async function emitDeclarations(): Promise<void> {
  const config = {
    extends: '../../../tsconfig.json',
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      noCheck: true,
      rewriteRelativeImportExtensions: true,
      rootDir: '../../../src',
      outDir: './package',
    },
    include: ['../../../src'],
  }
  const path = join(home, 'tsconfig.package.json')
  writeFileSync(path, JSON.stringify(config, null, 2))
  rmSync(declarations, { recursive: true, force: true })
  await run(require.resolve('typescript/bin/tsc'), ['--project', path])
}

function clientFolder(client: Client): string {
  return join(home, client.replaceAll(' ', '-'))
}

async function run(
  script: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ stdout: string; failed: boolean }> {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return promisify(execFile)(process.execPath, [script, ...args], options).then(
    ({ stdout }) => ({ stdout, failed: false }),
    ({ stdout = '', stderr = '', message }) => ({ stdout: `${stdout}${stderr || message}`, failed: true }),
  )
}
