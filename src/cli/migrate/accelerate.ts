import { READS, WRITES } from '../../extension/operations.ts'
import {
  calledWith,
  type Imported,
  importsOf,
  isCall,
  isKnownImport,
  isMember,
  type Node,
  nameOf,
  type Source,
  unwrapped,
} from './source.ts'

const PACKAGE = '@prisma/extension-accelerate'
export const OURS = 'prisma-extension-query-cache'
const TYPES = new Set([
  'AccelerateInfo',
  'AccelerateInvalidateInput',
  'AcceleratePromise',
  'PrismaCacheStrategy',
  'WithAccelerateOptions',
])

/** Whether there is anything to look at, before a file is parsed. */
export const mentionsAccelerate = (text: string) =>
  /cacheStrategy|\$accelerate|ithAccelerate|extension-accelerate/.test(text)

/** Rewrites calls in the manner of Accelerate to those of this package. `keepSurface`: `withAccelerate` stays, ours. */
export function migrateAccelerate(source: Source, keepSurface: boolean): void {
  for (const imported of importsOf(source, (name) => name === PACKAGE)) migrateImport(source, imported, keepSurface)
  for (const node of source.nodes()) {
    const name = nameOf(node)
    if (name === 'cacheStrategy') migrateStrategy(source, node)
    else if (isMember(node) && name === '$accelerate') migrateInvalidation(source, node)
    else if (isMember(node) && name === 'withAccelerateInfo') migrateInfo(source, node)
    else if (node.type === 'StringLiteral' && node['value'] === PACKAGE && isCall(source.parentOf(node))) {
      const { callee } = source.parentOf(node) as Node
      if (callee.name !== 'require' && callee.type !== 'Import') source.refuse(node, `${PACKAGE} is named here`)
    } else if (node.type === 'NewExpression' && node['callee'].name === 'PrismaClient') noteConnection(source, node)
    else if (node.type === 'ImportDeclaration' && /^@prisma\/client\/edge$/.test(node['source'].value)) {
      source.note(
        node,
        '`@prisma/client/edge` reaches no database by itself: import the client that a driver adapter works with',
      )
    }
  }
}

function noteConnection(source: Source, node: Node): void {
  const [options] = node['arguments'] as Node[]
  const names = options?.type === 'ObjectExpression' ? (options['properties'] as Node[]).map(nameOf) : []
  if (!names.includes('adapter'))
    source.note(node, 'without Accelerate this client needs a driver adapter: `{ adapter }`')
}

function migrateImport(source: Source, given: Imported, keepSurface: boolean): void {
  if (!isKnownImport(source, given, (name) => name === 'withAccelerate' || TYPES.has(name))) return
  const { from, names } = given
  const withOptions = names.flatMap(({ local }) => usesWithOptions(source, local['name']))
  if (!keepSurface) for (const use of withOptions) source.refuse(use, '`withAccelerate` with options')
  // Types are there under the same names; they go on describing what `withAccelerate` does.
  const stays = keepSurface || names.some(({ imported }) => TYPES.has(imported))
  const quote = source.textOf(from)[0]
  source.replace(from, `${quote}${OURS}${stays ? '/accelerate' : ''}${quote}`)
  if (stays) return
  for (const { node, local } of names) {
    if (local['name'] !== 'withAccelerate') {
      source.replace(node, source.textOf(node).replace('withAccelerate', 'cacheExtension'))
      continue
    }
    source.replace(node, 'cacheExtension')
    for (const use of source.nodes()) {
      const isUse = use.type === 'Identifier' && use['name'] === 'withAccelerate'
      if (isUse && (use.start < node.start || use.end > node.end)) source.replace(use, 'cacheExtension')
    }
  }
}

function usesWithOptions(source: Source, name: string): Node[] {
  return [...source.nodes()].filter(
    (node) => isCall(node) && node['callee'].name === name && node['arguments'].length > 0,
  )
}

function migrateStrategy(source: Source, node: Node): void {
  const parent = source.parentOf(node)
  // `{ cacheStrategy }` as a pattern takes one apart, and is no call.
  if (node.type === 'ObjectProperty' && parent?.type === 'ObjectPattern') return
  if (node.type !== 'ObjectProperty' || parent?.type !== 'ObjectExpression') {
    if (!isMember(node) || !isShared(source, node))
      source.refuse(node, 'a `cacheStrategy` outside of the arguments of a read')
    return
  }
  const method = calledWith(source, parent)
  if (method !== undefined && WRITES.has(method))
    return source.refuse(node, `a \`cacheStrategy\` of a write, \`${method}\``)
  if (method === undefined || !READS.has(method)) {
    return source.refuse(node, 'a `cacheStrategy` outside of the arguments of a read')
  }
  const value = node['value'] as Node
  if (!isUnderstood(source, value)) return
  if (node['shorthand']) source.replace(node, 'cache: cacheStrategy')
  else source.replace(node['key'], 'cache')
}

/** `strategies.cacheStrategy`: a member by that name which is read, a constant of the application say. */
function isShared(source: Source, node: Node): boolean {
  const parent = source.parentOf(node)
  return parent?.type !== 'AssignmentExpression' || parent['left'] !== node
}

/** Says what is not; changes what means something else here. */
function isUnderstood(source: Source, given: Node): boolean {
  const value = unwrapped(given)
  if (value.type === 'ConditionalExpression') {
    return [value['consequent'], value['alternate']].every((branch) => isUnderstood(source, branch))
  }
  if (value.type === 'Identifier' && value['name'] === 'undefined') return true
  if (value.type === 'ObjectExpression') return isLiteralUnderstood(source, value, value)
  const constant = value.type === 'Identifier' ? constantOf(source, value['name']) : undefined
  if (constant?.type === 'ObjectExpression') return isLiteralUnderstood(source, constant, value)
  source.note(
    value,
    `see that \`${source.textOf(value)}\` has a \`ttl\`: \`cache\` without one is cached for 60 seconds`,
  )
  return true
}

function isLiteralUnderstood(source: Source, strategy: Node, used: Node): boolean {
  const properties = strategy['properties'] as Node[]
  const names = properties.map((property) => (property.type === 'ObjectProperty' ? nameOf(property) : undefined))
  if (names.length === 0) {
    source.replace(used, 'false')
    return true
  }
  const problem = names.some((name) => name === undefined || !['ttl', 'swr', 'tags'].includes(name))
    ? 'a `cacheStrategy` with more than `ttl`, `swr` and `tags`'
    : !names.includes('ttl') || isZero(properties[names.indexOf('ttl')]?.['value'])
      ? 'a `cacheStrategy` without a `ttl`: give one, or `cacheStrategy: {}` for a read that is not cached'
      : undefined
  if (problem) source.refuse(used, problem)
  return problem === undefined
}

const isZero = (node: Node | undefined) => node?.type === 'NumericLiteral' && node['value'] === 0

/** What a constant of this file is. */
function constantOf(source: Source, name: string): Node | undefined {
  const found: Node[] = []
  for (const node of source.nodes()) {
    if (node.type === 'VariableDeclarator' && node['id'].name === name && node['init']) found.push(node)
  }
  const [only, ...others] = found
  const isConstant = only && others.length === 0 && source.parentOf(only)?.['kind'] === 'const'
  return isConstant ? unwrapped(only['init']) : undefined
}

function migrateInvalidation(source: Source, node: Node): void {
  const member = source.parentOf(node)
  const call = member && source.parentOf(member)
  const method = isMember(member) && isCall(call) && call['callee'] === member ? nameOf(member) : undefined
  if (!member || (method !== 'invalidate' && method !== 'invalidateAll')) {
    return source.refuse(node, '`$accelerate`, but no call of `invalidate` or `invalidateAll`')
  }
  source.replace(node['property'], '$cache')
  if (method === 'invalidateAll') source.replace(member['property'], 'clear')
  const outer = call && source.parentOf(call)
  const user = outer?.type === 'AwaitExpression' ? source.parentOf(outer) : outer
  if (user?.type !== 'ExpressionStatement') {
    source.note(node, '`$cache` returns counts of tags and keys, no `requestId`')
  }
}

/** `client.model.read(…).withAccelerateInfo()` */
function migrateInfo(source: Source, node: Node): void {
  const read = node['object'] as Node
  const call = source.parentOf(node)
  const model = isCall(read) && isMember(read['callee']) ? (read['callee']['object'] as Node) : undefined
  const isRead = model && READS.has(nameOf(read['callee']) ?? '')
  if (!isRead || !isMember(model) || !isCall(call) || call['callee'] !== node) {
    return source.refuse(node, '`withAccelerateInfo` of what is no call of a read on a client’s model')
  }
  source.insertBefore(read, `${source.textOf(model['object'])}.$cache.withCacheInfo(`)
  source.replace({ start: read.end, end: call.end }, ')')
  source.note(
    node,
    '`info` is another: `status` (hit, stale, miss, bypass) for `cacheStatus` (ttl, swr, miss, none), `ageMs` for `lastModified`',
  )
}
