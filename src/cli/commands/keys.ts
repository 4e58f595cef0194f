import { EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'

export interface KeysOptions {
  readonly limit: number
  readonly cursor?: string
  readonly all?: boolean
}

const PAGE = 1000

/** Prints keys, one a line, so that they can be piped. */
export async function keys(pattern: string | undefined, options: KeysOptions, session: Session): Promise<number> {
  const { terminal } = session
  const seen = new Set<string>()
  let cursor: string | null = options.cursor ?? null
  // A page may be empty, and not the last.
  do {
    const limit = options.all ? PAGE : Math.min(PAGE, options.limit - seen.size)
    const page = await session.target({ looksOnly: true }).keyPage({ limit, cursor, ...(pattern && { pattern }) })
    for (const key of page.keys) {
      if (seen.has(key)) continue
      seen.add(key)
      if (!terminal.isJson) terminal.print(key)
    }
    cursor = page.cursor
  } while (cursor !== null && (options.all || seen.size < options.limit))
  if (terminal.isJson) terminal.printJson({ keys: [...seen], cursor })
  else if (cursor !== null) terminal.note(terminal.paintNote('dim', `more: --cursor ${cursor}, or --all`))
  return EXIT.ok
}
