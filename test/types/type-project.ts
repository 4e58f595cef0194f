import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { chainSchema, PRISMA_CLIENT, PRISMA_CLIENT_JS, PRISMA_CLIENT_JS_WITH_OUTPUT } from './schema.ts'

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

const COMPILERS = { '5.4': 'typescript-5.4', '5.9': 'typescript', '7': 'typescript-7' } as const

export type Client = keyof typeof CLIENTS
export type Compiler = keyof typeof COMPILERS
export const clients = Object.keys(CLIENTS) as Client[]
export const compilers = Object.keys(COMPILERS) as Compiler[]

export interface Project {
  readonly client: Client
  /** Names of files in `assertions`. */
  readonly files: readonly string[]
  /** The file that stands for the package's `cacheExtension`. */
  readonly extension: string
}

export interface Compilation {
  /** `queries.ts:12: TS2322 …` */
  readonly errors: readonly string[]
  readonly instantiations: number
}

/** The clients, made again only when their input changed, and the package's declarations as they are now. */
export async function prepareTypeProjects(): Promise<void> {
  await Promise.all([emitDeclarations(), ...clients.map(generateClient)])
}

/** Compiles as an application would; two at a time. */
export async function compile(compiler: Compiler, project: Project): Promise<Compilation> {
  const config = configFile(project)
  const { stdout } = await inTurn(() =>
    run(tsc(compiler), ['--project', config, '--pretty', 'false', '--extendedDiagnostics']),
  )
  const errors = [...stdout.matchAll(/^(?:(\S.*?)\((\d+),\d+\): )?error (TS\d+: .*)$/gm)].map(
    ([, file, line, message]) => `${basename(file ?? 'tsc')}:${line ?? 0}: ${message}`,
  )
  const instantiations = Number(/^Instantiations:\s+(\d+)/m.exec(stdout)?.[1])
  if (!(instantiations > 0)) throw new Error(`TypeScript ${compiler} did not check ${config}\n${stdout}`)
  return { errors, instantiations }
}

/** The `tsconfig.json` of a project; written anew, for it is nothing but the arguments. */
export function configFile({ client, files, extension }: Project): string {
  const folder = clientFolder(client)
  const path = join(folder, `tsconfig.${[extension, ...files].map((file) => basename(file, '.ts')).join('.')}.json`)
  const at = (file: string) => {
    const found = relative(folder, file)
    return found.startsWith('.') ? found : `./${found}`
  }
  const config = {
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
      paths: {
        'generated-client': [at(join(folder, CLIENTS[client].entry))],
        'cache-extension': [at(join(assertions, extension))],
        'prisma-extension-query-cache': [at(join(declarations, 'index.d.ts'))],
        'prisma-extension-query-cache/*': [at(join(declarations, '*.d.ts'))],
      },
    },
    files: files.map((file) => at(join(assertions, file))),
  }
  writeFileSync(path, JSON.stringify(config, null, 2))
  return path
}

/** What the lines of an assertion file assert: the line in question, and for a directive the directive's own. */
export function assertionLines(file: string): string[] {
  const lines = readFileSync(join(assertions, file), 'utf8').split('\n')
  return lines.flatMap((line, i) => (/expectType<Equal<|@ts-expect-error/.test(line) ? [`${file}:${i + 1}`] : []))
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
  await run(require.resolve('prisma/build/index.js'), ['generate', '--schema', join(folder, 'schema'), '--no-hints'], {
    PRISMA_SCHEMA_ENGINE_BINARY: engine,
    CHECKPOINT_DISABLE: '1',
  })
}

/**
 * Applications compile against declarations, so do the assertions: the sources' own cost is no part of the budget, and
 * need not compile with every TypeScript that the declarations must compile with.
 */
async function emitDeclarations(): Promise<void> {
  rmSync(declarations, { recursive: true, force: true })
  mkdirSync(declarations, { recursive: true })
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
  await run(tsc('5.9'), ['--project', path])
}

function clientFolder(client: Client): string {
  return join(home, client.replaceAll(' ', '-'))
}

function tsc(compiler: Compiler): string {
  return join(dirname(require.resolve(`${COMPILERS[compiler]}/package.json`)), 'bin/tsc')
}

/** What a script prints. A compiler that finds errors also ends with a code; the caller reads its output. */
async function run(script: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string }> {
  const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return promisify(execFile)(process.execPath, [script, ...args], options).catch((error) => {
    if (!script.endsWith('tsc') || error.code > 2)
      throw new Error(`${error.message}\n${error.stdout}`, { cause: error })
    return error
  })
}

const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()]
let turns = 0

function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const lane = turns++ % lanes.length
  const result = (lanes[lane] as Promise<unknown>).then(task)
  lanes[lane] = result.catch(() => undefined)
  return result
}
