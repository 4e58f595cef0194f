import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

export interface CodeBlock {
  /** From the root: `docs/config.md`. */
  readonly file: string
  /** Of its first line of code, from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
}

/** The pages at the root, the pages of `docs`, and what the examples say of themselves. */
export const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'test/README.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
  ...readdirSync(join(root, 'examples'), { recursive: true }).map((name) => `examples/${name}`),
].filter((file) => file.endsWith('.md') && !file.includes('node_modules'))

export function readDocument(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

/** Every fenced block, whatever it calls itself. A fence that does not end is an error. */
export function codeBlocks(file: string, text = readDocument(file)): CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { line: number; language: string; indent: number; code: string[] } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^( *)```(\S*)/.exec(line)
    if (open && fence && fence[2] === '') {
      const { code, ...block } = open
      blocks.push({ file, line: block.line, language: block.language, code: code.join('\n') })
      open = undefined
    } else if (open) {
      open.code.push(line.slice(open.indent))
    } else if (fence) {
      open = { line: index + 2, language: fence[2] ?? '', indent: fence[1]?.length ?? 0, code: [] }
    }
  }
  if (open) throw new Error(`${file}:${open.line}: the code block does not end`)
  return blocks
}
