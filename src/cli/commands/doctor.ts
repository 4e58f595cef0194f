import type { CacheOptions } from '../../policy/options.ts'
import { usedOptions } from '../../setup/used-options.ts'
import type { RedisClient } from '../../stores/redis/redis-client.ts'
import { appClient, endClient } from '../app-client.ts'
import { removeEternal, takeCensus } from '../doctor/census.ts'
import { checkConfig } from '../doctor/check-config.ts'
import { checkClock, checkCommands, checkLatency } from '../doctor/check-connection.ts'
import { checkKeys } from '../doctor/check-keys.ts'
import { checkServer } from '../doctor/check-server.ts'
import { error, type Finding, type Level, ok } from '../doctor/finding.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import type { StoreTarget } from '../store-target.ts'
import type { Terminal } from '../terminal.ts'

export interface DoctorOptions {
  readonly fix?: boolean
  readonly yes?: boolean
  /** A warning ends with 1 as well. */
  readonly strict?: boolean
  readonly maxKeys: number
  /** The module that exports the client whose options are looked at. */
  readonly client?: string
}

/** Looks at the config, the store and what lies in it; each finding with what to do about it. */
export async function doctor(options: DoctorOptions, session: Session): Promise<number> {
  const { given } = session
  if (given.url) {
    throw new CliError(
      EXIT.usage,
      '`doctor` looks at the config and at Redis, and asks no process: it takes no `--url`',
      'Leave it out; `stats --url` and `advise --url` tell of a process.',
    )
  }
  const client = options.client === undefined ? undefined : await appClient(options.client, given)
  try {
    return await examine(options, session, client && usedOptions(client.$cache))
  } finally {
    if (client) await endClient(client)
  }
}

async function examine(options: DoctorOptions, session: Session, inCode: CacheOptions | undefined): Promise<number> {
  const { terminal, given } = session
  const { findings, options: config } = checkConfig(given, inCode && { options: inCode, module: options.client ?? '' })
  const isShared = config !== undefined && config.redis !== undefined
  if (isShared) findings.push(...(await checkStore(options, config, session)))
  if (terminal.isJson) terminal.printJson({ findings, ok: !isBad(findings, options.strict) })
  else show(findings, terminal)
  return isBad(findings, options.strict) ? EXIT.found : EXIT.ok
}

async function checkStore(options: DoctorOptions, config: CacheOptions, session: Session): Promise<Finding[]> {
  const target = session.target({ looksOnly: true, options: config }) as StoreTarget
  const { client } = target
  const { servers } = await target.info()
  const findings = servers.flatMap((server) => checkServer(server, config))
  if (!client || servers.some((server) => server.error !== null)) return findings
  const prefix = config.prefix ?? 'prisma:'
  try {
    findings.push(await checkLatency(client, config.timeoutMs ?? 50), await checkClock(client))
    findings.push(...(await checkCommands(client, prefix)))
    const masters = await mastersOf(client)
    const census = await takeCensus(masters, prefix, options.maxKeys)
    findings.push(...checkKeys(census, prefix))
    if (options.fix && census.eternal.count > 0) {
      await session.terminal.confirm(`Remove ${census.eternal.count} keys without TTL?`, options.yes ?? false)
      findings.push(ok('fixed', `${await removeEternal(masters, prefix)} keys without TTL were removed`))
    }
  } catch (problem) {
    if (problem instanceof Error && problem.name === 'CliError') throw problem
    const message = problem instanceof Error ? problem.message : String(problem)
    findings.push(error('server', message, 'Is Redis running, and reachable from here?'))
  }
  return findings
}

async function mastersOf(client: RedisClient): Promise<readonly RedisClient[]> {
  const nodes = client.isCluster ? (client.nodes?.('all') ?? []) : [client]
  const roles = await Promise.all(nodes.map((node) => node.call('ROLE').catch(() => ['master'])))
  return nodes.filter((_, i) => (roles[i] as string[])[0] === 'master')
}

function isBad(findings: readonly Finding[], strict = false): boolean {
  return findings.some(({ level }) => level === 'error' || (strict && level === 'warning'))
}

const MARKS: Readonly<Record<Level, readonly [mark: string, style: 'green' | 'blue' | 'yellow' | 'red']>> = {
  ok: ['✓', 'green'],
  note: ['·', 'blue'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
}

function show(findings: readonly Finding[], { print, paint }: Terminal): void {
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const { check, level, found, fix } of findings) {
    const [mark, style] = MARKS[level]
    print(`${paint(style, mark)} ${check.padEnd(width)}  ${found}`)
    if (fix) print(`  ${' '.repeat(width)}  ${paint('dim', `→ ${fix}`)}`)
  }
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length
  print('')
  print(`${count('error')} errors, ${count('warning')} warnings`)
}
