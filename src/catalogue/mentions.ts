import type { RowChange } from '../query/row-change.ts'

export type Kind = RowChange['kind']
export const KINDS: readonly Kind[] = ['created', 'updated', 'deleted']

/** What may be meant by the words of a text: names of tables, views and routines. */
export interface Names {
  readonly relations: Iterable<string>
  readonly routines: Iterable<string>
}

export interface Mentions {
  readonly relations: ReadonlySet<string>
  readonly routines: ReadonlySet<string>
  /** What it may do to rows, by its keywords; with none it only reads, as far as its own text goes. */
  readonly kinds: readonly Kind[]
  /** It builds statements of its own, or sends them elsewhere: what it touches is not in its text. */
  readonly isDynamic: boolean
}

/**
 * What a body names, without the grammar of every dialect. It errs towards more: a name in a string or as an alias counts
 * as well, and a table that is only read counts as one that is written.
 */
export function mentions(text: string, names: Names): Mentions {
  const lower = text.replace(COMMENTS, ' ').toLowerCase()
  const words = new Set(lower.match(/[\p{L}\p{N}_$]+/gu) ?? [])
  const named = (all: Iterable<string>) => new Set([...all].filter((name) => isNamed(name.toLowerCase(), words, lower)))
  return {
    relations: named(names.relations),
    routines: named(names.routines),
    kinds: KINDS.filter((kind) => WRITING[kind].some((word) => words.has(word))),
    isDynamic: [...DYNAMIC].some((word) => words.has(word)),
  }
}

/**
 * Columns of the row being written that a body may assign: all it mentions as `NEW.column`, whether it reads or assigns
 * them; `undefined`: any, for it hands the row on as a whole.
 */
export function assignedColumns(body: string): ReadonlySet<string> | undefined {
  const text = body.replace(COMMENTS, ' ')
  // What is returned instead of NEW was made somewhere else.
  if (/\breturn\s+(?!new\b|null\b|old\b)[^;\s]/i.test(text)) return undefined
  const columns = new Set<string>()
  for (const match of text.matchAll(/(\breturn\s+)?\bnew\b(?:\s*\.\s*(?:"([^"]+)"|`([^`]+)`|([\p{L}\p{N}_$]+)))?/giu)) {
    const [, returned, ...spelt] = match
    const column = spelt.find((name) => name !== undefined)
    if (column !== undefined) columns.add(column.toLowerCase())
    else if (returned === undefined) return undefined
  }
  return columns
}

const COMMENTS = /--[^\n]*|\/\*[\s\S]*?\*\//g
const ANY_KIND = ['merge', 'replace', 'call', 'refresh']
const WRITING: Readonly<Record<Kind, readonly string[]>> = {
  created: ['insert', 'copy', ...ANY_KIND],
  updated: ['update', ...ANY_KIND],
  deleted: ['delete', 'truncate', ...ANY_KIND],
}
const DYNAMIC = new Set('execute prepare dblink dblink_exec dblink_send_query'.split(' '))

function isNamed(name: string, words: ReadonlySet<string>, text: string): boolean {
  // A name that is not one word stands in quotes: anywhere in the text will do.
  return /^[\p{L}\p{N}_$]+$/u.test(name) ? words.has(name) : text.includes(name)
}
