import { READS, WRITES } from '../../extension/operations.ts'
import { OURS } from './accelerate.ts'
import {
  calledWith,
  importsOf,
  isCall,
  isKnownImport,
  isMember,
  type Node,
  nameOf,
  type Source,
  unwrapped,
} from './source.ts'

const PACKAGE = 'prisma-extension-redis'
/** Methods of its client for which there is nothing to rewrite to. */
const METHODS = new Set(['uncache', 'getKey', 'getKeyPattern', 'getAutoKey'])

export const mentionsRedis = (text: string) => /prisma-extension-redis|\bcache\b|uncache|getKey|getAutoKey/.test(text)

/** Rewrites the set-up and the calls of prisma-extension-redis to those of this package. */
export function migrateRedis(source: Source): void {
  for (const given of importsOf(source, (name) => name === PACKAGE)) {
    isKnownImport(source, given, (name) => name === 'PrismaExtensionRedis')
    const { from, names } = given
    const quote = source.textOf(from)[0]
    source.replace(from, `${quote}${OURS}${quote}`)
    for (const { node, local } of names) migrateSetUp(source, node, local['name'])
  }
  for (const node of source.nodes()) {
    const name = nameOf(node)
    if (isMember(node) && name && METHODS.has(name) && isCall(source.parentOf(node))) {
      if (!isDropped(source, node))
        source.refuse(node, `\`${name}\`: keys are made from the arguments, and writes invalidate by themselves`)
    } else if (node.type === 'ObjectProperty' && (name === 'cache' || name === 'uncache' || name === 'meta')) {
      migrateArgument(source, node, name)
    }
  }
}

/** In a `key` or an `uncache` that is taken out. */
function isDropped(source: Source, node: Node): boolean {
  for (let one: Node | undefined = node; one; one = source.parentOf(one)) {
    const name = one.type === 'ObjectProperty' ? nameOf(one) : undefined
    if (name === 'uncache' || name === 'key')
      return methodOf(source, name === 'key' ? outerProperty(source, one) : one) !== undefined
  }
  return false
}

const outerProperty = (source: Source, node: Node) => {
  const object = source.parentOf(node)
  return object && source.parentOf(object)
}

/** The operation in whose arguments a property stands. */
function methodOf(source: Source, property: Node | undefined): string | undefined {
  const object = property && source.parentOf(property)
  if (object?.type !== 'ObjectExpression') return undefined
  const method = calledWith(source, object)
  return method !== undefined && (READS.has(method) || WRITES.has(method)) ? method : undefined
}

function migrateArgument(source: Source, node: Node, name: 'cache' | 'uncache' | 'meta'): void {
  if (methodOf(source, node) === undefined) return
  if (name === 'meta')
    return source.refuse(node, '`meta`: write `prisma.$cache.withCacheInfo(read)`, which gives `{ data, info }`')
  if (name === 'uncache') {
    removeProperty(source, node)
    return source.note(node, 'writes invalidate what they change: `uncache` is taken out')
  }
  const value = unwrapped(node['value'])
  if (value.type !== 'ObjectExpression') {
    if (value.type !== 'BooleanLiteral') source.refuse(node, 'a `cache` that is neither an object nor true or false')
    return
  }
  for (const property of value['properties'] as Node[]) {
    const option = property.type === 'ObjectProperty' ? nameOf(property) : undefined
    if (option === 'stale') source.replace(property['key'], property['shorthand'] ? 'swr: stale' : 'swr')
    else if (option === 'key') removeProperty(source, property)
    else if (option !== 'ttl') source.refuse(property, 'a `cache` with more than `ttl`, `stale` and `key`')
  }
}

/** With its comma, and the white space before it. */
function removeProperty(source: Source, node: Node): void {
  const all = source.parentOf(node)?.['properties'] as Node[]
  const before = all[all.indexOf(node) - 1]
  const after = all[all.indexOf(node) + 1]
  if (after) source.remove(node.start, after.start)
  else if (before) source.remove(before.end, node.end)
  else source.remove(node.start, node.end)
}

function migrateSetUp(source: Source, imported: Node, local: string): void {
  source.replace(imported, 'cacheExtension')
  for (const node of source.nodes()) {
    if (
      node.type !== 'Identifier' ||
      node['name'] !== local ||
      (node.start >= imported.start && node.end <= imported.end)
    )
      continue
    const call = source.parentOf(node)
    const [options] = isCall(call) && call['callee'] === node ? (call['arguments'] as Node[]) : []
    const text = options?.type === 'ObjectExpression' ? optionsText(source, options) : undefined
    if (!options || text === undefined) {
      if (options?.type !== 'ObjectExpression')
        source.refuse(node, `\`${local}\` with options that are not written here`)
      continue
    }
    source.replace(node, 'cacheExtension')
    source.replace(options, text)
  }
}

/** The options in the form of this package; `undefined` where one was refused. */
function optionsText(source: Source, options: Node): string | undefined {
  const refused = source.refusals.length
  const { config, client, ...others } = literal(source, options)
  for (const node of Object.values(others)) source.refuse(node, 'an option that is not known')
  if (client && unwrapped(client).type === 'ObjectExpression') {
    source.refuse(client, '`client` as options of a connection: give a client, or a URL')
  }
  const { ttl, stale, auto, cacheKey, type: _, transformer, logger, ...more } = config ? literal(source, config) : {}
  for (const [name, node] of Object.entries(more))
    source.refuse(node, `\`${name}\` has nothing here that corresponds to it`)
  if (transformer) source.note(transformer, 'values come back as they were without a `transformer`')
  if (logger)
    source.note(logger, '`logger` here is told when the store is lost and found: see `$cache.on` for the rest')
  const prefix = cacheKey && literal(source, cacheKey)['prefix']
  const parts = [
    client && `redis: ${source.textOf(client)}`,
    prefix && `prefix: ${source.textOf(prefix)}`,
    ...policies(source, auto, { ttl, stale }),
  ].filter((part) => part !== undefined)
  return source.refusals.length > refused ? undefined : `{ ${parts.join(', ')} }`
}

type Times = { readonly ttl?: Node | undefined; readonly stale?: Node | undefined }

/** `defaults` and `models`, of what is cached without being asked to. */
function policies(source: Source, auto: Node | undefined, of: Times): (string | undefined)[] {
  if (!auto || (auto.type === 'BooleanLiteral' && !auto['value'])) return []
  if (auto.type === 'BooleanLiteral') return [`defaults: ${policy(source, of)}`]
  const given = literal(source, auto)
  const {
    ttl = of.ttl,
    stale = of.stale,
    models,
    excludedModels,
    includedModels,
    invalidateOnWrite: _,
    ...more
  } = given
  for (const [name, node] of Object.entries(more))
    source.refuse(node, `\`auto.${name}\`: say it by model, \`models: { User: { operations } }\``)
  const times = policy(source, { ttl, stale })
  const named = [
    ...listed(source, includedModels).map((name) => `${textIn(source, name)}: ${times}`),
    ...listed(source, excludedModels).map((name) => `${textIn(source, name)}: { ttl: 0 }`),
    ...listed(source, models).map((one) => ofModel(source, one)),
  ]
  return [
    includedModels ? undefined : `defaults: ${times}`,
    named.length > 0 ? `models: { ${named.join(', ')} }` : undefined,
  ]
}

function ofModel(source: Source, node: Node): string {
  const { model, ttl, stale, excludedOperations, ...more } = literal(source, node)
  for (const other of Object.values(more)) source.refuse(other, 'an option of a model that is not known')
  const excluded = listed(source, excludedOperations).map((operation) => `${textIn(source, operation)}: { ttl: 0 }`)
  const parts = [
    ttl && `ttl: ${source.textOf(ttl)}`,
    stale && `swr: ${source.textOf(stale)}`,
    excluded.length > 0 ? `operations: { ${excluded.join(', ')} }` : undefined,
  ].filter(Boolean)
  return `${model ? textIn(source, model) : ''}: { ${parts.join(', ')} }`
}

function policy(source: Source, { ttl, stale }: Times): string {
  const parts = [ttl && `ttl: ${source.textOf(ttl)}`, stale && `swr: ${source.textOf(stale)}`].filter(Boolean)
  return `{ ${parts.join(', ')} }`
}

function textIn(source: Source, node: Node): string {
  if (node.type === 'StringLiteral') return node['value']
  source.refuse(node, 'a name that is not written here')
  return ''
}

function listed(source: Source, node: Node | undefined): Node[] {
  if (!node) return []
  if (node.type === 'ArrayExpression') return node['elements']
  source.refuse(node, 'a list that is not written here')
  return []
}

/** What an object that is written out says. */
function literal(source: Source, given: Node): Record<string, Node> {
  const node = unwrapped(given)
  if (node.type !== 'ObjectExpression') {
    source.refuse(node, 'options that are not written here')
    return {}
  }
  const found: Record<string, Node> = {}
  for (const property of node['properties'] as Node[]) {
    const name = property.type === 'ObjectProperty' ? nameOf(property) : undefined
    if (name === undefined) source.refuse(property, 'an option whose name or value is not written here')
    else found[name] = property['value']
  }
  return found
}
