import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/**
 * The rooms of `src`, from the ground up. A room imports from rooms below it and from itself; rooms on one line do not
 * know each other. So what a query means can be read and tested without a store, and a store without Prisma; a new
 * Prisma touches `extension`, a new store touches `stores`.
 */
const layers: readonly (readonly string[])[] = [
  [
    'errors.ts',
    'clock.ts',
    'dependency.ts',
    'optional-package.ts',
    'token-bucket.ts',
    'awaitable.ts',
    'async-scope.ts',
    'process-wide.ts',
  ],
  ['events.ts'],
  ['input.ts', 'tags'],
  ['query'],
  ['codec', 'stores'],
  ['policy'],
  ['catalogue'],
  ['read', 'write'],
  ['values'],
  ['control', 'warming'],
  ['config', 'metrics', 'http'],
  ['setup'],
  ['extension'],
  ['index.ts', 'admin', 'accelerate'],
  ['cli'],
]

/** What comes from outside, and where alone it may be imported. Types count: a room that names them depends on them. */
const outside: { readonly [from: string]: readonly string[] } = {
  'node:crypto': ['tags', 'query', 'codec', 'stores', 'admin', 'cli'],
  'node:events': ['admin'],
  'node:http': ['admin', 'http'],
  'node:async_hooks': ['async-scope.ts', 'control', 'warming'],
  'cluster-key-slot': ['stores'],
  'node:fs': ['config', 'cli'],
  'node:path': ['config', 'cli', 'optional-package.ts'],
  'node:module': ['optional-package.ts', 'cli'],
  '#optional-packages': ['optional-package.ts'],
  'node:readline/promises': ['cli'],
  'node:util': ['cli'],
  commander: ['cli'],
  '@babel/parser': ['cli'],
  'magic-string': ['cli'],
  diff: ['cli'],
  'cli-progress': ['cli'],
  'lru-cache': ['stores', 'read', 'control', 'admin'],
  'object-hash': ['read'],
  // In the dashboard's script alone.
  uplot: ['admin'],
  valibot: ['input.ts', 'policy', 'catalogue', 'stores', 'metrics', 'http', 'admin', 'accelerate'],
  etag: ['http'],
  fresh: ['http'],
  'prom-client': ['metrics'],
  '@opentelemetry/api': ['metrics'],
  jiti: ['config'],
  '@prisma/client/extension': ['extension', 'accelerate'],
  '@prisma/client/runtime/client': ['extension'],
}

/** Not to be asked from there: neither Prisma nor a Redis client, and nothing that reaches the world. */
const pure: readonly string[] = ['tags', 'query', 'codec']

const src = fileURLToPath(new URL('../src', import.meta.url))
const files = filesOf(src)
const imports = files.flatMap((file) => importsOf(file).map((to) => ({ from: file, to })))
const inside = imports.flatMap(({ from, to }) =>
  to.startsWith('.') ? [{ from, to: relative(src, join(src, dirname(from), to)) }] : [],
)
const roomOf = (file: string) => file.split('/')[0] as string
const levelOf = (file: string) => layers.findIndex((rooms) => rooms.includes(roomOf(file)))
const arrow = ({ from, to }: { from: string; to: string }) => `${from} → ${to}`

describe('the rooms of src', () => {
  it('are all there, and there are no others', () => {
    expect([...new Set(files.map(roomOf))].sort()).toEqual(layers.flat().sort())
  })

  it('import what exists', () => {
    expect(inside.filter(({ to }) => !files.includes(to)).map(arrow)).toEqual([])
  })

  it('import from below only', () => {
    const up = inside.filter(({ from, to }) => roomOf(from) !== roomOf(to) && levelOf(to) >= levelOf(from))
    expect(up.map(arrow)).toEqual([])
  })

  it('have no circles in them', () => {
    expect(circles()).toEqual([])
  })

  it('import from outside what is theirs to import', () => {
    const strangers = imports.filter(({ from, to }) => !to.startsWith('.') && !outside[to]?.includes(roomOf(from)))
    expect(strangers.map(arrow)).toEqual([])
  })

  it('import nothing from outside that nobody uses', () => {
    const used = new Set(imports.map(({ to }) => to))
    expect(Object.keys(outside).filter((name) => !used.has(name))).toEqual([])
  })
})

describe('ARCHITECTURE.md', () => {
  const page = readFileSync(fileURLToPath(new URL('../ARCHITECTURE.md', import.meta.url)), 'utf8')

  it('lists the layers of src from the top, as they are checked here', () => {
    const table = page.slice(page.indexOf('| from the top'), page.indexOf('## Invariants'))
    const rows = [...table.matchAll(/^\|((?: `[\w.-]+`)+) +\|/gm)].map(([, rooms = '']) => rooms.match(/[\w.-]+/g))
    expect(rows.reverse()).toEqual(layers)
  })

  it('names folders, files and tests that exist', () => {
    const root = fileURLToPath(new URL('..', import.meta.url))
    const named = [...page.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, name]) => name as string)
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((name) => !existsSync(join(root, name)))).toEqual([])
  })

  it('quotes titles of tests as they are', () => {
    const rows = page.slice(page.indexOf('## Invariants'), page.indexOf('## I want to change'))
    const quoted = [...rows.matchAll(/\]\((test\/[^)]+)\): "([^"]+)"/g)]
    expect(quoted.length).toBeGreaterThan(2)
    for (const [, file = '', title = ''] of quoted) {
      expect(readFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), 'utf8'), file).toContain(`'${title}'`)
    }
  })
})

describe('the rooms of pure knowledge', () => {
  it('know neither Prisma nor a Redis client, and do no I/O', () => {
    const reached = imports.filter(({ from, to }) => pure.includes(roomOf(from)) && !to.startsWith('.'))
    expect([...new Set(reached.map(({ to }) => to))]).toEqual(['node:crypto'])
  })

  it('import nobody who does', () => {
    const rooms = inside.filter(({ from }) => pure.includes(roomOf(from))).map(({ to }) => roomOf(to))
    expect([...new Set(rooms)].filter((room) => !pure.includes(room)).sort()).toEqual(['dependency.ts', 'errors.ts'])
  })
})

describe('the front door', () => {
  const door = readFileSync(join(src, 'index.ts'), 'utf8')

  it('is a list of names', () => {
    expect(door).not.toMatch(/export\s*\*/)
    expect(door.replace(/export (type )?\{[^}]*\} from '[^']+'/g, '').trim()).toBe('')
  })

  it('is imported by nobody behind it', () => {
    expect(inside.filter(({ to }) => to === 'index.ts').map(arrow)).toEqual([])
  })
})

it('Prisma is imported for its types alone: what there is at run time is the application’s client', () => {
  for (const file of files) {
    const lines = readFileSync(join(src, file), 'utf8').match(/^(import|export).*'@prisma\/[^']+'/gm) ?? []
    for (const line of lines) expect(line, file).toMatch(/^import type /)
  }
})

it('a Redis client is imported by nobody: it is the application’s, or asked for when it is needed', () => {
  expect(imports.filter(({ to }) => /redis$/i.test(to) && !to.startsWith('.'))).toEqual([])
})

it('unit tests mirror src: each is of the file it is named after', () => {
  const unit = fileURLToPath(new URL('./unit', import.meta.url))
  const tested = filesOf(unit).filter((file) => file.endsWith('.test.ts'))
  expect(tested.filter((file) => !files.includes(file.replace(/\.test\.ts$/, '.ts')))).toEqual([])
})

it('a test waits by `holds`, which is patient: `vi.waitFor` gives up after a second', () => {
  const tests = fileURLToPath(new URL('.', import.meta.url))
  const waiting = filesOf(tests).filter((file) => /vi\.wait(For|Until)\(/.test(readFileSync(join(tests, file), 'utf8')))
  expect(waiting).toEqual(['support/holds.ts'])
})

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}

/** Every module a file names: imports, exports, dynamic imports, and types by `import('…')`. */
function importsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(src, file), 'utf8'), ts.ScriptTarget.Latest)
  const names: string[] = []
  const visit = (node: ts.Node): void => {
    const name =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
            ? node.arguments[0]
            : undefined
    if (name && ts.isStringLiteral(name)) names.push(name.text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return names
}

/** Circles of files that import each other; type imports count, since a reader follows them all the same. */
function circles(): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const follow = (file: string, path: readonly string[]): void => {
    const begun = path.indexOf(file)
    if (begun >= 0) found.push([...path.slice(begun), file].join(' → '))
    if (begun >= 0 || done.has(file)) return
    for (const { from, to } of inside) if (from === file) follow(to, [...path, file])
    done.add(file)
  }
  for (const file of files) follow(file, [])
  return found
}
