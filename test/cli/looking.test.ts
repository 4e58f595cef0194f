import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCache } from '../../src/index.ts'
import { builtCli, runCli } from '../support/built-cli.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const COLOR = /\u001b\[\d+m/g
/** All but the end of a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/

/** Commands of Redis that change what lies in it. */
const WRITES =
  /^(set|del|unlink|p?expire(at)?|persist|incr|flush\w+|rename|hset|lpush|sadd|zadd|restore|copy|eval|evalsha)$/

describe('a command that only looks', () => {
  let server: RedisServer
  let redis: Redis
  let cwd: string
  beforeAll(async () => {
    builtCli()
    cwd = mkdtempSync(join(tmpdir(), 'query-cache-looking-'))
    server = await startRedis()
    redis = new Redis(server.url)
    const cache = createCache({ configFile: false, redis: server.url, prefix: 'used:', breaker: { quarantineMs: 0 } })
    await cache.set('theme', 'dark', { ttl: 3600 })
    await cache.disconnect()
    // As from a server before this one: whoever writes notes the present one, and drops the versions.
    await redis.set('used:server', 'another:0', 'EX', 3600)
    await redis.set('used:tag:{User}', 'abcdefghijkl', 'EX', 3600)
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
    rmSync(cwd, { recursive: true, force: true })
  })

  /** Every key with its bytes, and when it ends. */
  async function everything(): Promise<string[]> {
    const keys = (await redis.keys('*')).sort()
    return Promise.all(
      keys.map(async (key) => `${key} ${await redis.dumpBuffer(key)} ${await redis.call('PEXPIRETIME', key)}`),
    )
  }

  /** How often each command that writes was sent. */
  async function writes(): Promise<string[]> {
    const said = await redis.info('commandstats')
    return said.split('\r\n').flatMap((line) => {
      const [, name = '', calls = ''] = /^cmdstat_([^:]+):calls=(\d+)/.exec(line) ?? []
      return WRITES.test(name) ? [`${name} ${calls}`] : []
    })
  }

  it.each([
    ['keys'],
    ['keys', '--all'],
    ['keys', '--cursor', 'none'],
    ['get', 'data:theme'],
    ['get', 'data:theme', '--value'],
    ['get', 'User:findMany:none'],
    ['stats'],
    ['doctor'],
    ['doctor', '--strict'],
  ])('leaves no trace in Redis: %s %s', async (...args) => {
    for (const prefix of ['used:', 'unused:']) {
      const before = [await everything(), await writes()]
      await runCli([...args.filter(Boolean), '--prefix', prefix], { cwd, env: { REDIS_URL: server.url } })
      expect([await everything(), await writes()]).toEqual(before)
    }
  })
})

describe('what the command line prints of names that somebody else chose', () => {
  let server: RedisServer
  let cwd: string
  const evil = 'a\u001b[2J\u001b]0;title\u0007\r\nforged line\u009b31m\u202e'
  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), 'query-cache-printing-'))
    server = await startRedis()
    const cache = createCache({ configFile: false, redis: server.url, prefix: 'p:', breaker: { quarantineMs: 0 } })
    await cache.set(evil, { [evil]: evil })
    await cache.disconnect()
    const redis = new Redis(server.url)
    await redis.set(`p:query:${evil}:${evil}:x`, 'no entry', 'EX', 3600)
    await redis.set(`p:${evil}`, 'not of the cache', 'EX', 3600)
    redis.disconnect()
  })
  afterAll(async () => {
    await server.stop()
    rmSync(cwd, { recursive: true, force: true })
  })

  it.each([
    ['keys'],
    ['keys', '--json'],
    ['get', `data:${evil}`, '--value'],
    ['get', `data:${evil}`, '--value', '--json'],
    ['stats'],
    ['doctor'],
    ['invalidate', '--pattern', evil],
    ['invalidate', '--model', evil, '--yes'],
    ['get', 'x', '--url', `http://[${evil}`],
    ['keys', '--redis', `redis://x:secret@${evil}`],
    ['keys', '--config', `${evil}.json`],
  ])('is text, and moves no cursor: %s', async (...args) => {
    const env = { REDIS_URL: server.url, FORCE_COLOR: '1' }
    const { stdout, stderr } = await runCli([...args.filter(Boolean), '--prefix', 'p:'], { cwd, env })
    // Colors are ours.
    const shown = `${stdout}${stderr}`.replace(COLOR, '')
    expect(shown).not.toMatch(CONTROL)
    expect(shown).not.toMatch(/^forged/m)
    expect(shown).not.toContain('secret')
  })

  it.each(['http://user:secret@127.0.0.1:1', 'http://127.0.0.1:1/?token=secret', 'http://127.0.0.1:1/#secret'])(
    'refuses a secret in `--url`, and does not repeat it: %s',
    async (url) => {
      const { exitCode, stdout, stderr } = await runCli(['stats', '--url', url], { cwd })
      expect(exitCode).toBe(2)
      expect(stdout + stderr).not.toContain('secret')
      expect(stderr).toContain('CACHE_ADMIN_TOKEN')
    },
  )
})
