import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { builtCli, runCli } from '../support/built-cli.ts'

let folder: string
beforeAll(() => {
  builtCli()
  folder = mkdtempSync(join(tmpdir(), 'query-cache-migrate-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const DB = "import { withAccelerate } from '@prisma/extension-accelerate'\nx.$extends(withAccelerate())\n"
const READ = 'export const all = () => db.user.findMany({ cacheStrategy: { ttl: 60 } })\n'
const SPREAD = '\nexport const some = () => db.user.findMany({ cacheStrategy: { ...strategy } })\n'

/** A folder of an application, and `migrate` in it. */
function app(files: Readonly<Record<string, string>>) {
  const cwd = mkdtempSync(join(folder, 'app-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true })
    writeFileSync(join(cwd, name), text)
  }
  return {
    migrate: (...args: string[]) => runCli(['migrate', ...args], { cwd }),
    text: (name: string) => readFileSync(join(cwd, name), 'utf8'),
  }
}

describe('migrate', () => {
  it('with --dry prints a unified diff, and changes nothing', async () => {
    const { migrate, text } = app({ 'src/db.ts': DB, 'src/users.ts': READ, 'src/other.ts': 'export {}\n' })
    const { exitCode, stdout, stderr } = await migrate('accelerate', '--dry')
    expect([exitCode, text('src/db.ts'), text('src/users.ts')]).toEqual([0, DB, READ])
    expect(stdout).toContain('--- a/src/users.ts\n+++ b/src/users.ts\n@@ -1,1 +1,1 @@\n')
    expect(stdout).toContain('\n+export const all = () => db.user.findMany({ cache: { ttl: 60 } })\n')
    expect(stderr).toBe('2 files to change, and nothing is left\n')
  })

  it('changes the files under a path, but for what was installed or made', async () => {
    const { migrate, text } = app({
      'src/a.ts': READ,
      'b.ts': READ,
      'src/node_modules/c.js': READ,
      'src/dist/d.js': READ,
    })
    const { exitCode, stdout } = await migrate('accelerate', 'src')
    expect([exitCode, stdout]).toEqual([0, 'src/a.ts\n'])
    expect(text('src/a.ts')).toBe(READ.replace('cacheStrategy', 'cache'))
    for (const other of ['b.ts', 'src/node_modules/c.js', 'src/dist/d.js']) expect(text(other)).toBe(READ)
  })

  it('names file and line of what it leaves, and ends with 1', async () => {
    const { migrate, text } = app({ 'db.ts': DB, 'users.ts': READ + SPREAD, 'page.vue': `\n${READ}` })
    const { exitCode, stderr } = await migrate('accelerate')
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^users\.ts:3: left: a `cacheStrategy` with more/m)
    expect(stderr).toMatch(/^page\.vue:2: left: in a file that is no JavaScript/m)
    expect(text('users.ts')).toBe(READ.replace('cacheStrategy', 'cache') + SPREAD)
    expect(text('db.ts')).toBe(DB.replace('@prisma/extension-accelerate', 'prisma-extension-query-cache/accelerate'))
  })

  it('from redis writes nothing while something is not understood', async () => {
    const read = 'db.user.findMany({ cache: { ttl: 60, stale: 5 } })\n'
    const { migrate, text } = app({ 'a.ts': read, 'b.ts': 'db.uncache({ uncacheKeys: [] })\n' })
    const all = await migrate('redis')
    expect([all.exitCode, text('a.ts')]).toEqual([1, read])
    expect(all.stderr).toMatch(/^b\.ts:1: left: `uncache`/m)
    expect((await migrate('redis', 'a.ts')).exitCode).toBe(0)
    expect(text('a.ts')).toBe(read.replace('stale', 'swr'))
  })

  it('answers with JSON, and refuses what it does not know', async () => {
    const { migrate } = app({ 'a.ts': READ + SPREAD })
    const { stdout } = await migrate('accelerate', '--dry', '--json')
    expect(JSON.parse(stdout)).toEqual({
      changed: [{ file: 'a.ts', diff: expect.stringContaining('+++ b/a.ts') }],
      refused: [{ file: 'a.ts', line: 3, text: expect.any(String) }],
      notes: [],
      written: false,
    })
    expect((await migrate('memcached')).exitCode).toBe(2)
    expect((await migrate('accelerate', 'nowhere')).exitCode).toBe(2)
  })
})
