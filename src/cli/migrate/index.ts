import { createTwoFilesPatch } from 'diff'
import { mentionsAccelerate, migrateAccelerate } from './accelerate.ts'
import { mentionsRedis, migrateRedis } from './redis.ts'
import { type Remark, Source } from './source.ts'

export type From = 'accelerate' | 'redis'

export interface SourceFile {
  readonly name: string
  readonly text: string
}

export interface Migrated extends SourceFile {
  readonly rewritten: string
  /** As `diff -u` shows it. */
  readonly diff: string
}

export interface Migration {
  readonly changed: readonly Migrated[]
  readonly refusals: readonly (Remark & { readonly file: string })[]
  readonly notes: readonly (Remark & { readonly file: string })[]
  /** `withAccelerate` of this package stays in use, for what was refused. */
  readonly keepsSurface: boolean
}

const MENTIONS = { accelerate: mentionsAccelerate, redis: mentionsRedis }

/** Whether a file has anything to do with it. */
export const isConcerned = (from: From, { text }: SourceFile) => MENTIONS[from](text)

/**
 * Rewrites the files of an application. While calls of Accelerate are left that are not understood, `withAccelerate` stays,
 * imported from this package: it takes them as they are.
 */
export function migrate(from: From, files: readonly SourceFile[]): Migration {
  const whole = rewritten(from, files, false)
  if (from === 'redis' || whole.refusals.length === 0) return whole
  return rewritten(from, files, true)
}

function rewritten(from: From, files: readonly SourceFile[], keepsSurface: boolean): Migration {
  const changed: Migrated[] = []
  const refusals: (Remark & { file: string })[] = []
  const notes: (Remark & { file: string })[] = []
  for (const { name, text } of files) {
    let source: Source
    try {
      source = new Source(text, name)
    } catch (error) {
      const { loc, message } = error as { loc?: { line: number }; message: string }
      refusals.push({ file: name, line: loc?.line ?? 1, text: `not to be parsed: ${message}` })
      continue
    }
    if (from === 'accelerate') migrateAccelerate(source, keepsSurface)
    else migrateRedis(source)
    refusals.push(...source.refusals.map((remark) => ({ file: name, ...remark })))
    notes.push(...source.notes.map((remark) => ({ file: name, ...remark })))
    const after = source.rewritten
    if (after === text) continue
    const diff = createTwoFilesPatch(`a/${name}`, `b/${name}`, text, after, undefined, undefined, { context: 2 })
    changed.push({ name, text, rewritten: after, diff: diff.replace(/^=+\n/, '') })
  }
  return { changed, refusals, notes, keepsSurface }
}
