import { describe, expect, it } from 'vitest'
import { readInfo, serverInfo } from '../../../../src/stores/redis/server-info.ts'

const about = { address: 'a:1', error: null, latencyMs: 1 }

describe('what a server says of itself', () => {
  it('is read from any version, whatever is left out being unknown', () => {
    const said = readInfo('# Server\r\nredis_version:6.2.1\r\n\r\nused_memory:oops\r\nmaxmemory:\r\n', about, 0)
    expect(said).toMatchObject({ ...about, version: '6.2.1', role: null, uptimeSeconds: null })
    expect(said.memory).toEqual({ usedBytes: null, maxBytes: null, policy: null, fragmentation: null })
    expect(said.persistence).toEqual({ aof: null, lastSave: null, ok: null, loading: null })
  })

  it('counts the keys of the database that is used; one without keys is not listed', () => {
    const text = 'redis_version:7\r\ndb0:keys=5,expires=3,avg_ttl=1\r\ndb2:keys=7,expires=0,avg_ttl=0\r\n'
    expect(readInfo(text, about, 0).keys).toEqual({ total: 5, expiring: 3 })
    expect(readInfo(text, about, 2).keys).toEqual({ total: 7, expiring: 0 })
    expect(readInfo(text, about, 1).keys).toEqual({ total: 0, expiring: 0 })
    expect(readInfo('', about, 0).keys).toEqual({ total: null, expiring: null })
  })

  it('is Valkey’s own version, not the one it is compatible with', () => {
    expect(readInfo('redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n', about, 0).version).toBe('8.0.1')
  })

  it.each([
    ['ok', 'ok', true],
    ['ok', 'err', false],
    ['err', 'ok', false],
  ])('says whether what is written to disk arrives: snapshot %s, log %s', (rdb, aof, ok) => {
    const text = `rdb_last_bgsave_status:${rdb}\r\naof_last_write_status:${aof}\r\n`
    expect(readInfo(text, about, 0).persistence.ok).toBe(ok)
  })
})

describe('a server that refuses INFO', () => {
  const refusal = [new Error('NOPERM this user has no permissions'), null]
  const refusing = (options: object, stream?: object) =>
    ({ options, stream, pipeline: () => ({ exec: async () => [refusal, refusal] }) }) as never

  it('is described by where it is and by what it said', async () => {
    const { address, error, version, keys } = await serverInfo(refusing({ host: 'h', port: 7, password: 'pw' }), 50)
    expect({ address, error, version, keys }).toEqual({
      address: 'h:7',
      error: 'NOPERM this user has no permissions',
      version: null,
      keys: { total: null, expiring: null },
    })
  })

  it.each([
    [{ path: '/run/redis.sock' }, undefined, '/run/redis.sock'],
    [{ host: 'h' }, undefined, 'h:6379'],
    [{ host: 'h', sentinels: [{}] }, { remoteAddress: '10.0.0.1', remotePort: 1 }, '10.0.0.1:1'],
    [{}, { remoteAddress: '10.0.0.1', remotePort: 1 }, '10.0.0.1:1'],
    [{ sentinels: [{}] }, undefined, 'unknown'],
  ])('of options %j lies where its connection leads', async (options, stream, address) => {
    expect((await serverInfo(refusing(options, stream), 50)).address).toBe(address)
  })
})
