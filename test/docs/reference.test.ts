import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { readDocument, root } from './code-blocks.ts'

/** What is declared in the sources must be in the documents, once; and what is in them must be declared. */
const declarations = new Map(
  ['src/policy/options.ts', 'src/events.ts'].flatMap((file) => {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true)
    return source.statements.flatMap((one) =>
      ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one) ? [[one.name.text, one] as const] : [],
    )
  }),
)

describe('docs/config.md', () => {
  const [, groups = '', ofModels = '', ofCalls = ''] = readDocument('docs/config.md').split(
    /^## (?:Basics|Policies|Options of a call)$/m,
  )

  it('has a row for each option of the cache, with its default', () => {
    // Policies and warmers have tables of their own.
    const nested = optionsOf('CacheOptions').flatMap((option) =>
      ['defaults', 'models', 'warmers'].includes(option.name)
        ? [option]
        : [option, ...membersIn(option.type).map((inner) => ({ ...inner, name: `${option.name}.${inner.name}` }))],
    )
    expectRows(groups, nested)
  })

  it('has a row for each option of a policy, with its default', () => {
    expectRows(ofModels, [...optionsOf('CachePolicy'), ...optionsOf('ModelCachePolicy')])
  })

  it('has a row for each option of a call, with its default', () => {
    expectRows(ofCalls, [...optionsOf('ReadCacheOptions'), ...optionsOf('WriteCacheOptions')])
  })
})

it('docs/warming.md has a row for each option of a warmer, with its default', () => {
  const [table = ''] = readDocument('docs/warming.md').split(/^## /m)
  expectRows(table, optionsOf('WarmerOptions'))
})

describe('docs/troubleshooting.md', () => {
  it.each([
    ['BypassReason', '## Every bypass reason'],
    ['MissCause', '## Why is it always a miss?'],
    ['SkipFillReason', 'A result that was not stored'],
  ])('has a row for each %s', (union, title) => {
    const text = readDocument('docs/troubleshooting.md')
    const [table = ''] = text.slice(text.indexOf(title) + title.length).match(/^\|.*\n(?:\|.*\n)+/m) ?? []
    expect(
      rowsOf(table)
        .map(([name]) => name)
        .toSorted(),
    ).toEqual(literalsOf(union).toSorted())
  })
})

interface Option {
  readonly name: string
  readonly type: ts.TypeNode | undefined
  /** As its comment says. */
  readonly default: string | undefined
}

function optionsOf(name: string): Option[] {
  const declaration = declarations.get(name)
  if (!declaration || !ts.isInterfaceDeclaration(declaration)) throw new Error(`there is no interface ${name}`)
  return membersOf(declaration.members)
}

function membersOf(members: ts.NodeArray<ts.TypeElement>): Option[] {
  return members.filter(ts.isPropertySignature).map((member) => {
    const tag = ts.getJSDocTags(member).find(({ tagName }) => tagName.text === 'default')
    return { name: member.name.getText(), type: member.type, default: ts.getTextOfJSDocComment(tag?.comment) }
  })
}

/** The options of an object that an option may be. */
function membersIn(type: ts.TypeNode | undefined): Option[] {
  if (!type) return []
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(membersIn)
  if (ts.isTypeLiteralNode(type)) return membersOf(type.members)
  if (ts.isTypeOperatorNode(type)) return membersIn(type.type)
  if (ts.isArrayTypeNode(type)) return membersIn(type.elementType)
  const declaration = ts.isTypeReferenceNode(type) ? declarations.get(type.typeName.getText()) : undefined
  if (!declaration || !ts.isInterfaceDeclaration(declaration) || !isOfOptions(declaration)) return []
  const inherited = declaration.heritageClauses?.flatMap(({ types }) => types.flatMap((one) => one.getText())) ?? []
  return [...inherited.flatMap(optionsOf), ...membersOf(declaration.members)]
}

/** An object with methods is the application's own, such as a logger. */
function isOfOptions({ members }: ts.InterfaceDeclaration): boolean {
  return members.every(ts.isPropertySignature)
}

/** The texts of a union. */
function literalsOf(name: string): string[] {
  const declaration = declarations.get(name)
  if (!declaration || !ts.isTypeAliasDeclaration(declaration) || !ts.isUnionTypeNode(declaration.type)) {
    throw new Error(`there is no union ${name}`)
  }
  return declaration.type.types.flatMap((one) =>
    ts.isLiteralTypeNode(one) && ts.isStringLiteral(one.literal) ? [one.literal.text] : [],
  )
}

function expectRows(text: string, options: readonly Option[]): void {
  const rows = rowsOf(text)
  expect(rows.map(([name]) => name).toSorted()).toEqual(options.map(({ name }) => name).toSorted())
  const defaults = new Map(rows.map(([name, cells]) => [name, plain(cells.at(-1) ?? '')]))
  for (const { name, default: declared } of options) {
    if (declared === undefined) continue
    // Its first words: a comment may say more of it than a table.
    expect(defaults.get(name), name).toContain(plain(declared.split(/[,;(]/)[0] ?? ''))
  }
}

/** Each row that begins with a name, as that name and the cells behind it. */
function rowsOf(text: string): [name: string, cells: string[]][] {
  return [...text.matchAll(/^\| `([\w.-]+)` +\|(.*)\|$/gm)].map(([, name = '', cells = '']) => [
    name,
    cells.split(/(?<!\\)\|/),
  ])
}

/** Without what is written in one way in code and in another in a table. */
function plain(text: string): string {
  return text.replaceAll(/[`'_\s]/g, '')
}
