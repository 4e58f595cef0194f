import { dirname, join } from 'node:path'
import ts from 'typescript'
import packed from '../../tsdown.config.ts'
import { type CodeBlock, root } from './code-blocks.ts'

const prelude = join(root, 'test/docs/prelude.ts')
const client = join(root, 'prisma/docs/.generated/client/client.ts')

/**
 * What the type checker says of the blocks, as `file:line: message`. Each is a module of its own. What it does not declare
 * itself must be in `prelude.ts`; the package is its sources; `./generated/client` is the client of `prisma/docs`.
 */
export function typeErrors(blocks: readonly CodeBlock[]): string[] {
  const files = new Map(blocks.map((block) => [join(root, 'test/docs', `${block.file}-${block.line}.ts`), block]))
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    paths: packagePaths(),
    baseUrl: root,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => files.has(file) || fileExists(file)
  host.readFile = (file) => textOf(files.get(file)) ?? readFile(file)
  host.getSourceFile = (file, version, ...rest) => {
    const text = textOf(files.get(file))
    return text === undefined ? getSourceFile(file, version, ...rest) : ts.createSourceFile(file, text, version)
  }
  host.directoryExists = (folder) =>
    [...files.keys()].some((file) => dirname(file) === folder) || ts.sys.directoryExists(folder)

  const program = ts.createProgram([...files.keys(), prelude], options, host)
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...[...files.keys(), prelude].flatMap((file) => {
      const source = program.getSourceFile(file)
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]
    }),
  ]
  return diagnostics.map((diagnostic) => {
    const { file, start = 0 } = diagnostic
    const block = file && files.get(file.fileName)
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
    return `${block?.file ?? file?.fileName ?? 'options'}:${line}: ${message}`
  })
}

/** At the lines it has in its document, and a module whatever it imports. */
function textOf(block: CodeBlock | undefined): string | undefined {
  if (!block) return undefined
  const code = block.code.replaceAll("'./generated/client'", `'${client}'`)
  return `${'\n'.repeat(block.line - 1)}${code}\nexport {}\n`
}

/** Every sub-path the package is built of, as its source. */
function packagePaths(): Record<string, string[]> {
  const { entry } = packed as { entry: Record<string, string> }
  return Object.fromEntries(
    Object.entries(entry).map(([name, source]) => [
      name === 'index' ? 'prisma-extension-query-cache' : `prisma-extension-query-cache/${name}`,
      [source],
    ]),
  )
}
