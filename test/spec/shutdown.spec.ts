import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { codeBlocks } from '../docs/code-blocks.ts'
import { useTestBed } from '../support/matrix.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const fromRoot = (path: string) => JSON.stringify(join(root, path))

/** The code of a page that listens for SIGTERM, as it is printed there. */
function documented(file: string): string {
  const found = codeBlocks(file).filter(({ code }) => code.includes("process.once('SIGTERM'"))
  expect(found).toHaveLength(1)
  return (found[0] as { code: string }).code
}

describe('what the documents say of ending a process', () => {
  const bed = useTestBed<'sqlite'>({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  let folder: string
  beforeAll(() => {
    // Inside of the repository, so that packages are found.
    folder = mkdtempSync(join(root, 'test/.generated/shutdown-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const application = (redis: string, code: string) => `
    import express from 'express'
    import { Redis } from 'ioredis'
    import { PrismaLibSql } from '@prisma/adapter-libsql'
    import { PrismaClient } from ${fromRoot('test/.generated/sqlite/client-ts/client.ts')}
    import { cacheExtension } from ${fromRoot('src/index.ts')}
    const redis = new Redis(${JSON.stringify(inject('servers').redisUrl)}, { lazyConnect: ${redis !== 'redis'} })
    const base = new PrismaClient({ adapter: new PrismaLibSql({ url: ${JSON.stringify(bed.database.url)} }) })
    const prisma = base.$extends(cacheExtension({ configFile: false, defaults: { ttl: 60 }, ${redis} }))
    await prisma.user.count()
    const app = express().get('/', (_, response) => response.send('here'))
    app.listen = ((listen) => (...args) => {
      const server = listen.call(app, 0, '127.0.0.1')
      server.once('listening', () => console.log(server.address().port))
      return server
    })(app.listen)
    ${code}
    if (!${JSON.stringify(code)}.includes('app.listen')) console.log('0'), setInterval(() => {}, 1000)
  `

  it.each([
    ['docs/operating.md', 'a Redis client of its own', 'redis'],
    ['docs/operating.md', 'a store in memory', "store: 'memory'"],
    ['docs/quick-start.md', 'a store in memory', "store: 'memory'"],
  ])('ends it: %s, %s', async (file, _, redis) => {
    const path = join(folder, 'application.mts')
    writeFileSync(path, application(redis, documented(file)))
    const child = spawn(process.execPath, ['--import', 'tsx', path], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
      if (line !== '0') {
        // A connection that is kept alive, as browsers and proxies do.
        const socket = connect(Number(line), '127.0.0.1').on('error', () => {})
        socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')
        await once(socket, 'data')
      }
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await exit).toEqual([0, null])
    } finally {
      child.kill('SIGKILL')
    }
  })
})
