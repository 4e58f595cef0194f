import type { EntryInfo } from '../control/entry-info.ts'
import type { WarmOutcome } from './app-client.ts'
import { CliError, EXIT } from './exit-codes.ts'
import type { Target } from './target.ts'

export const TOKEN_VARIABLE = 'CACHE_ADMIN_TOKEN'
const TIMEOUT_MS = 15_000
const WARM_TIMEOUT_MS = 600_000

interface HttpTarget extends Target {
  /** By name; none: all. */
  warm(names: readonly string[]): Promise<readonly WarmOutcome[]>
}

/** A process behind its admin API, reached at `url`; the token is in the environment, where no list of processes shows it. */
export function httpTarget(url: string, token: string | undefined): HttpTarget {
  const base = baseOf(url)

  async function ask<Answer>(path: string, body?: unknown, timeoutMs = TIMEOUT_MS): Promise<Answer> {
    let answer: Response
    try {
      answer = await fetch(`${base}${path}`, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
        headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
        // A token is for who it was given to.
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
    } catch (error) {
      throw new CliError(EXIT.unreachable, `${hostOf(url)} does not answer: ${causeOf(error)}`)
    }
    const said = (await answer.json().catch(() => undefined)) as (Answer & Refused) | undefined
    if (answer.ok && said !== undefined) return said
    throw refusalOf(answer.status, said?.error?.message)
  }

  return {
    name: `the admin API at ${hostOf(url)}`,
    keyPage({ pattern, limit, cursor } = {}) {
      const query = new URLSearchParams()
      if (pattern) query.set('pattern', pattern)
      if (limit) query.set('limit', String(limit))
      if (cursor) query.set('cursor', cursor)
      return ask(`/keys?${query}`)
    },
    async inspect(key) {
      const found = await ask<EntryInfo & { readonly readAt: string }>(`/keys/${encodeURIComponent(key)}`).catch(
        (error: unknown) => {
          if (error instanceof NotFound) return null
          throw error
        },
      )
      return found && { ...found, readAt: new Date(found.readAt) }
    },
    invalidate: (target) => ask('/invalidate', target),
    clear: () => ask('/clear', {}),
    info: () => ask('/info'),
    stats: () => ask('/stats'),
    advise: () => ask('/advice'),
    async warm(names) {
      const outcomes: WarmOutcome[] = []
      for (const path of names.length === 0 ? ['/warm'] : names.map((name) => `/warm/${encodeURIComponent(name)}`)) {
        outcomes.push(...(await ask<{ readonly outcomes: WarmOutcome[] }>(path, {}, WARM_TIMEOUT_MS)).outcomes)
      }
      return outcomes
    },
    async close() {},
  }
}

/** Without what may be a secret: whoever lists processes sees it, and an error of `fetch` would quote it. */
function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CliError(EXIT.usage, '`--url` is not an http(s) URL', 'Give the URL of the admin API.')
  }
  if (url.username || url.password || url.search || url.hash) {
    const fix = `Give only the URL, and the token in ${TOKEN_VARIABLE}.`
    throw new CliError(EXIT.usage, '`--url` contains a user, a password, a query or a fragment', fix)
  }
  return url.href.replace(/\/+$/, '')
}

interface Refused {
  readonly error?: { readonly code: string; readonly message: string }
}

class NotFound extends CliError {}

function refusalOf(status: number, message: string | undefined): CliError {
  const said = message ?? `it answered ${status}`
  if (status === 401)
    return new CliError(EXIT.unreachable, said, `Set ${TOKEN_VARIABLE} to the token of the admin API.`)
  if (status === 404) return new NotFound(EXIT.unreachable, `${said} (404)`, 'Does `--url` point to the admin API?')
  return new CliError(status === 400 ? EXIT.usage : EXIT.unreachable, said)
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}

function causeOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string }
  return cause?.code ?? cause?.message ?? message
}
