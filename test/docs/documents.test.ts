import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { type CodeBlock, codeBlocks, documents, readDocument, root } from './code-blocks.ts'
import { typeErrors } from './type-check.ts'

const blocks = documents.flatMap((file) => codeBlocks(file))
const of = (language: string) => blocks.filter((block) => block.language === language)

describe('the code in the documents', () => {
  it('says which language it is, one of those that are checked below', () => {
    const checked = ['ts', 'sh', 'json', 'text', 'mermaid']
    const others = blocks.filter(({ language }) => !checked.includes(language))
    expect(others.map(({ file, line, language }) => `${file}:${line}: ${language || 'no language'}`)).toEqual([])
    expect(of('ts').length).toBeGreaterThan(10)
  })

  it('draws the states that the table beside it describes', () => {
    const diagram = of('mermaid').find(({ file }) => file === 'docs/connections.md')
    const drawn = (diagram?.code ?? '').matchAll(/(\w+|\[\*\]) --> (\w+|\[\*\])/g)
    const states = new Set([...drawn].flatMap(([, from, to]) => [from, to]).filter((state) => state !== '[*]'))
    const document = readDocument('docs/connections.md')
    const rows = [...document.matchAll(/^\| (\w+) /gm)].map(([, state]) => state).filter((state) => state !== 'state')
    expect(rows.toSorted()).toEqual([...states].toSorted())
  })

  // One program for both: the type checker reads the client and the package once.
  const mistaken = '# A\n\n```ts\nawait prisma.user.findMany({ cache: { tll: 5 } })\nnothing()\n```\n'
  let errors: string[] = []
  beforeAll(() => {
    errors = typeErrors([...of('ts'), ...codeBlocks('docs/mistaken.md', mistaken)])
  }, 120_000)
  const isMistaken = (error: string) => error.startsWith('docs/mistaken.md')

  it('in TypeScript type-checks, against the package and a generated client', () => {
    expect(errors.filter((error) => !isMistaken(error))).toEqual([])
  })

  it('with a mistake is found, at its line', () => {
    expect(errors.filter(isMistaken)).toEqual([
      expect.stringMatching(/^docs\/mistaken\.md:4: .*tll/),
      expect.stringMatching(/^docs\/mistaken\.md:5: .*nothing/),
    ])
  })

  it('for a shell is one, and names scripts and files that exist', () => {
    expect(of('sh').flatMap(shellErrors)).toEqual([])
    expect(
      shellErrors({ file: 'x.md', line: 1, language: 'sh', code: 'npm run nothing && npx tsx no/file.ts' }),
    ).toEqual(['x.md:1: there is no script nothing', 'x.md:1: there is no file no/file.ts'])
  })

  it('in JSON parses', () => {
    for (const { code } of of('json')) JSON.parse(code)
  })
})

describe('the links in the documents', () => {
  it('lead to files and headings that exist', () => {
    expect(documents.flatMap(brokenLinks)).toEqual([])
  })

  it('lead from the index of the documentation to each of its pages, once', () => {
    const listed = [...readDocument('docs/README.md').matchAll(/^\| \[[^\]]+\]\(([^)]+)\)/gm)].map(([, page]) => page)
    const pages = documents.flatMap((file) => /^docs\/(?!README)(.+)$/.exec(file)?.[1] ?? [])
    expect(listed.toSorted()).toEqual(pages.toSorted())
  })
})

function shellErrors({ file, line, code }: CodeBlock): string[] {
  execFileSync('bash', ['-n'], { input: code })
  const scripts = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts
  const named = [...code.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name as string)
  const files = [...code.matchAll(/\btsx ([\w./-]+)/g)].map(([, name]) => name as string)
  return [
    ...named.filter((name) => !(name in scripts)).map((name) => `${file}:${line}: there is no script ${name}`),
    ...files.filter((name) => !existsSync(join(root, name))).map((name) => `${file}:${line}: there is no file ${name}`),
  ]
}

function brokenLinks(file: string): string[] {
  const prose = readDocument(file).replaceAll(/^ *```[\s\S]*?^ *```/gm, '')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const [path = '', heading] = target.split('#')
    const wanted = path === '' ? file : join(dirname(file), path)
    if (!existsSync(join(root, wanted))) return [`${file}: ${target}`]
    return heading && !headings(wanted).includes(heading) ? [`${file}: ${target}`] : []
  })
}

/** As GitHub names them. */
function headings(file: string): string[] {
  if (!file.endsWith('.md')) return []
  return [...readDocument(file).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  )
}
