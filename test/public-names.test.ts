import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, it } from 'vitest'
import packed from '../tsdown.config.ts'

/**
 * Words of the code that are no words of the field, and what is said instead: see the glossary in ARCHITECTURE.md. Users
 * read the names below in their editor and in their logs.
 */
const PRIVATE: { readonly [word: string]: string } = {
  anew: 'again',
  asked: 'queried',
  bump: 'invalidate',
  drop: 'invalidate',
  dropped: 'invalidated',
  fleet: 'processes',
  held: 'locked',
  hold: 'lock',
  holds: 'locks',
  moved: 'invalidated',
  place: 'location',
  said: 'returned',
  spelling: 'digest',
  spelt: 'spelled',
  spoil: 'invalidate',
  told: 'reported',
  vain: 'timed out',
  why: 'lastInvalidation',
}

/** The port for people who write a store. */
const PORT: ReadonlySet<string> = new Set(['CacheStore.bump', 'CacheStore.hold'])
/** A drop-in client drops nothing. */
const OF_THE_FIELD: ReadonlySet<string> = new Set(['DropInClient'])

const root = fileURLToPath(new URL('..', import.meta.url))

it('no public name has a word that only this code has', () => {
  const { entry } = packed as { entry: Record<string, string> }
  const names = Object.values(entry)
    .filter((file) => !file.includes('/cli/'))
    .flatMap((file) => publicNames(join(root, file)))
  expect(names.length).toBeGreaterThan(500)
  const wrong = [...new Set(names)].filter((name) => !PORT.has(name) && !OF_THE_FIELD.has(name)).flatMap(advice)
  expect(wrong).toEqual([])
})

/** Exports of an entry point, and of the types among them each property, method and text, as `Type.name`. */
function publicNames(file: string): string[] {
  const names: string[] = []
  for (const statement of sourceOf(file).statements) {
    if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause)) {
      continue
    }
    const from = statement.moduleSpecifier as ts.StringLiteral
    const declared = sourceOf(join(dirname(file), from.text)).statements
    for (const { name, propertyName } of statement.exportClause.elements) {
      names.push(name.text)
      const declaration = declared.find(
        (one) =>
          (ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) &&
          one.name.text === (propertyName ?? name).text,
      )
      if (declaration) names.push(...wordsIn(declaration).map((word) => `${name.text}.${word}`))
    }
  }
  return names
}

function wordsIn(declaration: ts.Node): string[] {
  const words: string[] = []
  const visit = (node: ts.Node): void => {
    if ((ts.isPropertySignature(node) || ts.isMethodSignature(node)) && node.name) words.push(node.name.getText())
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) words.push(node.literal.text)
    ts.forEachChild(node, visit)
  }
  visit(declaration)
  return words
}

/** `holdMs` and `in-vain` are two words each. */
function advice(name: string): string[] {
  const words = (name.split('.').at(-1) as string).split(/(?=[A-Z])|\W/).map((word) => word.toLowerCase())
  return words.filter((word) => word in PRIVATE).map((word) => `${name}: say ${PRIVATE[word]}, not ${word}`)
}

const sources = new Map<string, ts.SourceFile>()
function sourceOf(file: string): ts.SourceFile {
  let source = sources.get(file)
  if (!source) {
    source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
    sources.set(file, source)
  }
  return source
}
