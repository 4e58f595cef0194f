import { findConfig } from '../../config/load-config.ts'
import { installedVersion } from '../../optional-package.ts'
import type { CacheOptions } from '../../policy/options.ts'
import { Policies } from '../../policy/resolve-policy.ts'
import { modelGraph, OPEN_GRAPH } from '../../query/model-graph.ts'
import { schemaDataModel } from '../../query/schema-data-model.ts'
import { idle, optionsHere } from '../store-target.ts'
import { type GlobalOptions, schemaFiles } from '../surroundings.ts'
import { error, type Finding, note, ok, warning } from './finding.ts'

/** The options that a client of the application has, all told. */
interface OfClient {
  readonly options: CacheOptions
  /** Where it comes from. */
  readonly module: string
}

/**
 * The config, the schema, and what is installed. `options`: what `client` has, else what an application here would have;
 * `undefined`: it would throw.
 */
export function checkConfig(
  given: GlobalOptions,
  client: OfClient | undefined,
): { findings: Finding[]; options: CacheOptions | undefined } {
  const findings = [checkNode(), ...checkPackages()]
  try {
    const options = client ? idle(client.options, given) : optionsHere(given)
    const graph = graphOf(options.schema)
    // Names of models and fields are told by this.
    new Policies(options, graph)
    const file = given.config === false ? undefined : findConfig(given.config)
    findings.push(
      client
        ? ok('config', `the options of the client in ${client.module} are sound`)
        : file
          ? ok('config', `${file} is sound`)
          : note(
              'config',
              'there is no cache.config.* here. Options given in code are seen with `--client ./src/db.ts`',
            ),
    )
    findings.push(checkSchema(given, options))
    findings.push(...checkPolicies(options))
    return { findings, options }
  } catch (problem) {
    const { message } = problem as Error
    const [found = message, fix = 'Correct it.'] = splitFix(message)
    return { findings: [...findings, error('config', found, fix)], options: undefined }
  }
}

function graphOf(schema: string | undefined) {
  if (schema === undefined) return OPEN_GRAPH
  const { provider, dataModel } = schemaDataModel(schema)
  return modelGraph(dataModel, provider, schema)
}

/** `CacheConfigError` says what is wrong, and what to do in its last sentence. */
function splitFix(message: string): string[] {
  const at = message.lastIndexOf('. ', message.length - 2)
  return at < 0 ? [message] : [message.slice(0, at), message.slice(at + 2)]
}

function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const fits = major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
  const found = `Node ${process.versions.node}`
  return fits ? ok('node', found) : error('node', found, 'Use Node 20.19, 22.12, 24 or later.')
}

function checkPackages(): Finding[] {
  const prisma = installedVersion('@prisma/client')
  const [major = 0, minor = 0] = (prisma ?? '').split('.').map(Number)
  const fits = major === 7 && minor >= 5
  return [
    prisma === undefined
      ? note('prisma', '@prisma/client is not installed here')
      : fits
        ? ok('prisma', `@prisma/client ${prisma}`)
        : error('prisma', `@prisma/client ${prisma}`, 'Install @prisma/client 7.5 or later, below 8.'),
  ]
}

function checkSchema(given: GlobalOptions, { schema }: CacheOptions): Finding {
  if (schema === undefined) {
    return warning(
      'schema',
      'no Prisma schema was found here',
      'Name it with `--schema`, for models to be checked and invalidated with what depends on them.',
    )
  }
  const models = Object.keys(schemaDataModel(schema).dataModel.models).length
  const files = schemaFiles(given.schema)
  return ok('schema', `${models} models in ${files.length === 1 ? files[0] : `${files.length} files`}`)
}

function checkPolicies({ defaults, models = {}, redis, store, prefix }: CacheOptions): Finding[] {
  const lives = (policy: { readonly ttl?: unknown } | false | undefined) => (policy ? Boolean(policy.ttl) : false)
  const cached = Object.entries(models).filter(
    ([, policy]) => policy && (lives(policy) || Object.values(policy.operations ?? {}).some((one) => lives(one))),
  )
  const findings: Finding[] = []
  if (lives(defaults)) findings.push(ok('policies', 'every model is cached unless it says otherwise'))
  else if (cached.length > 0)
    findings.push(ok('policies', `${cached.length} models are cached: ${cached.map(([name]) => name).join(', ')}`))
  else findings.push(note('policies', 'no model has a `ttl`: only calls that ask for it are cached'))
  if (redis === undefined && store === undefined) {
    findings.push(
      warning(
        'store',
        'no Redis is configured: each process has a cache of its own, and does not see what others write',
        'Set REDIS_URL, or `redis` in cache.config, unless only one process writes.',
      ),
    )
  }
  if (prefix === '') {
    findings.push(
      warning(
        'prefix',
        'the prefix is empty',
        'Give one that ends with a colon, `shop:`, so that the keys of this cache can be told from others.',
      ),
    )
  }
  return findings
}
