import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { CliError, EXIT } from '../exit-codes.ts'
import type { From, SourceFile } from '../migrate/index.ts'
import type { Session } from '../session.ts'

export interface MigrateOptions {
  readonly dry?: boolean
}

const SOURCES = /(?<!\.d)\.[cm]?[jt]sx?$/
/** Other files that may have such calls in them. */
const OTHERS = /\.(?:vue|svelte|astro)$/
const SKIPPED = new Set(['node_modules', 'dist', 'build', 'out', 'coverage', 'generated'])

/** Rewrites the calls of another cache in the sources under a path. */
export async function migrate(
  from: string | undefined,
  path: string | undefined,
  { dry = false }: MigrateOptions,
  { terminal }: Session,
): Promise<number> {
  if (from !== 'accelerate' && from !== 'redis') {
    throw new CliError(
      EXIT.usage,
      `there is nothing to migrate from by the name of ${from}`,
      'Name accelerate or redis.',
    )
  }
  // A parser comes with it, which nothing else needs.
  const { isConcerned, migrate: migrateFiles } = await import('../migrate/index.ts')
  const all = filesUnder(resolve(path ?? '.')).filter((file) => isConcerned(from, file))
  const { changed, refusals, notes, keepsSurface } = migrateFiles(
    from,
    all.filter(({ name }) => !OTHERS.test(name)),
  )
  const left = [...refusals, ...all.flatMap((file) => embedded(from, file))]
  // Half of it would not run: nothing of prisma-extension-redis goes on working beside this package.
  const isWritten = !dry && (from === 'accelerate' || left.length === 0)
  if (isWritten) for (const { name, rewritten } of changed) writeFileSync(name, rewritten)
  if (terminal.isJson) {
    terminal.printJson({
      changed: changed.map(({ name, diff }) => (dry ? { file: name, diff } : { file: name })),
      refused: left,
      notes,
      written: isWritten,
    })
    return left.length > 0 ? EXIT.found : EXIT.ok
  }
  for (const { name, diff } of changed) {
    if (dry) for (const line of diff.trimEnd().split('\n')) terminal.print(line)
    else terminal.print(name)
  }
  for (const { file, line, text } of notes) terminal.note(`${file}:${line}: note: ${text}`)
  for (const { file, line, text } of left)
    terminal.note(`${file}:${line}: ${terminal.paintNote('red', 'left')}: ${text}`)
  terminal.note(summary(from, changed.length, left.length, { isWritten, dry, keepsSurface }))
  return left.length > 0 ? EXIT.found : EXIT.ok
}

function summary(
  from: From,
  changed: number,
  left: number,
  { isWritten, dry, keepsSurface }: { isWritten: boolean; dry: boolean; keepsSurface: boolean },
): string {
  const files = `${changed} ${changed === 1 ? 'file' : 'files'}`
  const places = `${left} ${left === 1 ? 'place is' : 'places are'}`
  const done = isWritten ? `${files} changed` : `${files} to change`
  if (left === 0) return changed === 0 ? 'there is nothing to change' : `${done}, and nothing is left`
  if (from === 'accelerate' && keepsSurface) {
    return `${done}; ${places} left as they were, so \`withAccelerate\` of prisma-extension-query-cache/accelerate stays, which takes them`
  }
  return dry || isWritten
    ? `${done}; ${places} not understood`
    : `nothing was changed: ${places} not understood. Change them first.`
}

/** Calls in files that hold more than a program. */
function embedded(from: From, { name, text }: SourceFile) {
  if (!OTHERS.test(name)) return []
  const words = from === 'accelerate' ? /cacheStrategy|\$accelerate|ithAccelerate/ : /prisma-extension-redis|uncache/
  return text
    .split('\n')
    .flatMap((line, i) =>
      words.test(line) ? [{ file: name, line: i + 1, text: 'in a file that is no JavaScript or TypeScript' }] : [],
    )
}

function filesUnder(path: string): SourceFile[] {
  const read = (file: string) => ({ name: relative(process.cwd(), file), text: readFileSync(file, 'utf8') })
  try {
    if (statSync(path).isFile()) return [read(path)]
  } catch {
    throw new CliError(EXIT.usage, `there is no ${relative(process.cwd(), path)}`, 'Name a file or a folder.')
  }
  return readdirSync(path, { withFileTypes: true })
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name.startsWith('.') || SKIPPED.has(entry.name)) return []
      const file = join(path, entry.name)
      if (entry.isDirectory()) return filesUnder(file)
      return entry.isFile() && (SOURCES.test(entry.name) || OTHERS.test(entry.name)) ? [read(file)] : []
    })
}
