import { type ParserPlugin, parse } from '@babel/parser'
import MagicString from 'magic-string'

/** A node of a syntax tree, with what stands round it. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly loc: { readonly start: { readonly line: number } }
  // biome-ignore lint/suspicious/noExplicitAny: which members there are depends on `type`
  readonly [member: string]: any
}

export interface Remark {
  readonly line: number
  readonly text: string
}

/** A file that is being rewritten: what is not touched stays as it is, to the letter. */
export class Source {
  readonly text: string
  readonly program: Node
  /** What was not understood, and is left as it was. */
  readonly refusals: Remark[] = []
  /** What somebody has to look at. */
  readonly notes: Remark[] = []
  readonly #edited: MagicString
  readonly #parents = new Map<Node, Node>()

  /** @throws SyntaxError */
  constructor(text: string, file: string) {
    this.text = text
    this.#edited = new MagicString(text)
    const isTypeScript = /\.[cm]?tsx?$/.test(file)
    const plugins: ParserPlugin[] = isTypeScript ? ['typescript', 'decorators-legacy'] : ['decorators-legacy']
    // `<T>value` is a cast in a .ts file, and an element elsewhere.
    if (!/\.[cm]?ts$/.test(file)) plugins.push('jsx')
    const options = { sourceType: 'unambiguous', allowReturnOutsideFunction: true, plugins } as const
    this.program = parse(text, options) as unknown as Node
    this.#connect(this.program)
  }

  #connect(node: Node): void {
    for (const child of childrenOf(node)) {
      this.#parents.set(child, node)
      this.#connect(child)
    }
  }

  parentOf(node: Node): Node | undefined {
    return this.#parents.get(node)
  }

  /** Every node, from the outside in. */
  *nodes(node: Node = this.program): Iterable<Node> {
    yield node
    for (const child of childrenOf(node)) yield* this.nodes(child)
  }

  textOf(node: Node): string {
    return this.text.slice(node.start, node.end)
  }

  replace(node: { readonly start: number; readonly end: number }, text: string): void {
    this.#edited.update(node.start, node.end, text)
  }

  insertBefore(node: Node, text: string): void {
    this.#edited.appendLeft(node.start, text)
  }

  remove(start: number, end: number): void {
    this.#edited.remove(start, end)
  }

  refuse(node: Node, text: string): void {
    this.refusals.push({ line: node.loc.start.line, text })
  }

  note(node: Node, text: string): void {
    this.notes.push({ line: node.loc.start.line, text })
  }

  get rewritten(): string {
    return this.#edited.toString()
  }
}

function childrenOf(node: Node): Node[] {
  return Object.entries(node).flatMap(([name, value]) =>
    name === 'loc' || name.endsWith('omments') || name === 'tokens' ? [] : [value].flat().filter(isNode),
  )
}

function isNode(value: unknown): value is Node {
  return typeof (value as { type?: unknown } | null)?.type === 'string' && 'start' in (value as object)
}

/** What a member or a property is called, where that can be read. */
export function nameOf(node: Node): string | undefined {
  if (node.type === 'MemberExpression' || node.type === 'OptionalMemberExpression') {
    return node['computed'] ? literalOf(node['property']) : node['property'].name
  }
  const { key, computed } = node
  if (!key) return undefined
  return computed || key.type === 'StringLiteral' ? literalOf(key) : key.name
}

function literalOf(node: Node): string | undefined {
  return node.type === 'StringLiteral' ? node['value'] : undefined
}

const WRAPPERS = new Set(['TSAsExpression', 'TSSatisfiesExpression', 'TSNonNullExpression', 'ParenthesizedExpression'])

/** Without `as …`, `satisfies …` and `!`. */
export function unwrapped(node: Node): Node {
  return WRAPPERS.has(node.type) ? unwrapped(node['expression']) : node
}

/** The expression with the `as …` and the like round it. */
function wrapped(source: Source, node: Node): Node {
  const parent = source.parentOf(node)
  return parent && WRAPPERS.has(parent.type) ? wrapped(source, parent) : node
}

export const isMember = (node: Node | undefined): node is Node =>
  node?.type === 'MemberExpression' || node?.type === 'OptionalMemberExpression'

export const isCall = (node: Node | undefined): node is Node =>
  node?.type === 'CallExpression' || node?.type === 'OptionalCallExpression'

/** The name of the method whose first argument an object is. */
export function calledWith(source: Source, object: Node): string | undefined {
  const argument = wrapped(source, object)
  const call = source.parentOf(argument)
  return isCall(call) && call['arguments'][0] === argument ? nameOf(call['callee']) : undefined
}

/** What an import or `require` of the package names, with the node that says where from. */
export interface Imported {
  readonly statement: Node
  readonly from: Node
  readonly names: readonly { readonly imported: string; readonly local: Node; readonly node: Node }[]
}

/** Refuses what an import names beside what is known, and an import that names nothing; whether all of it is known. */
export function isKnownImport(
  source: Source,
  { statement, names }: Imported,
  isKnown: (imported: string) => boolean,
): boolean {
  const strange = names.filter(({ imported }) => !isKnown(imported))
  for (const { node, imported } of strange)
    source.refuse(node, `\`${imported}\` has nothing here that corresponds to it`)
  if (names.length === 0) source.refuse(statement, 'what is taken from the package cannot be told')
  return names.length > 0 && strange.length === 0
}

export function importsOf(source: Source, isPackage: (name: string) => boolean): Imported[] {
  const found: Imported[] = []
  for (const node of source.nodes()) {
    if (node.type === 'ImportDeclaration' && isPackage(node['source'].value)) {
      const names = (node['specifiers'] as Node[]).map((one) => ({
        imported: one['imported']?.name ?? one['imported']?.value ?? 'default',
        local: one['local'] as Node,
        node: one,
      }))
      found.push({ statement: node, from: node['source'], names })
    }
    const [from] = isCall(node) && node['callee'].name === 'require' ? (node['arguments'] as Node[]) : []
    if (from?.type === 'StringLiteral' && isPackage(from['value'])) {
      const pattern = source.parentOf(node)?.['id'] as Node | undefined
      const names = ((pattern?.['properties'] ?? []) as Node[]).map((one) => ({
        imported: nameOf(one) ?? '',
        local: one['value'] as Node,
        node: one,
      }))
      found.push({ statement: node, from, names })
    }
    if (node.type === 'ImportExpression' || (isCall(node) && node['callee'].type === 'Import')) {
      const argument = (node['source'] ?? node['arguments']?.[0]) as Node | undefined
      if (argument?.type === 'StringLiteral' && isPackage(argument['value'])) {
        source.refuse(node, `\`${source.textOf(node)}\`: a package that is loaded on demand`)
      }
    }
    if (node.type.startsWith('Export') && node['source'] && isPackage(node['source'].value)) {
      source.refuse(node, `\`${node['source'].value}\` is exported again from here`)
    }
  }
  return found
}
