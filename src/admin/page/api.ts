import type { CacheAdvice } from '../../control/advice.ts'
import type { StoreInfo } from '../../control/cache-control.ts'
import type { LastInvalidation } from '../../control/drops.ts'
import type { EntryInfo } from '../../control/entry-info.ts'
import type { CacheStats } from '../../control/stats.ts'
import type { Activity } from '../recorder/recorder.ts'

/** A value as it comes over the wire: dates are text. */
type Sent<Value> = Value extends Date
  ? string
  : Value extends object
    ? { readonly [Key in keyof Value]: Sent<Value[Key]> }
    : Value

export interface Stats {
  readonly process: { readonly pid: number; readonly node: string; readonly upSeconds: number }
  readonly readOnly: boolean
  readonly showValues: boolean
  readonly warmers: readonly string[] | null
  readonly stats: Sent<CacheStats>
}
export type Entry = Sent<EntryInfo> & { readonly lastInvalidation: Sent<LastInvalidation> | null }
export type Info = Sent<StoreInfo>
export type Advice = Sent<CacheAdvice>
export interface KeyPage {
  readonly keys: readonly string[]
  readonly cursor: string | null
}
export interface Dropped {
  readonly tags?: number
  readonly keys: number
}

/** What the API refused, or that it could not be reached. */
export class ApiError extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const KEPT = 'prisma-query-cache-token'
/** A process that hangs must not look like one that has nothing new to tell. */
const PATIENCE_MS = 15_000

/** The admin API that served this page. The token is kept in this tab, and sent to nobody else. */
export const api = {
  /** From `#token=…`, which no server is sent; taken out of the address at once. */
  takeToken(): boolean {
    const [, token] = /^#token=(.+)$/.exec(location.hash) ?? []
    if (token === undefined) return false
    sessionStorage.setItem(KEPT, decoded(token) ?? token)
    history.replaceState(null, '', `${location.pathname}#/overview`)
    return true
  },
  signIn: (token: string) => sessionStorage.setItem(KEPT, token.trim()),
  signOut: () => sessionStorage.removeItem(KEPT),
  get hasToken() {
    return sessionStorage.getItem(KEPT) !== null
  },
  stats: () => ask<Stats>('stats'),
  activity: (seconds: number, of: string | null) =>
    ask<Activity>(`activity?${new URLSearchParams({ window: String(seconds), ...(of !== null && { of }) })}`),
  info: () => ask<Info>('info'),
  advice: () => ask<Advice>('advice'),
  keys: (query: Readonly<Record<string, string>>) => ask<KeyPage>(`keys?${new URLSearchParams(query)}`),
  entry: (key: string) => ask<Entry>(`keys/${encodeURIComponent(key)}`),
  invalidate: (target: object) => ask<Dropped>('invalidate', target),
  clear: () => ask<Dropped>('clear', {}),
  warm: (name: string) => ask<{ readonly outcomes: readonly object[] }>(`warm/${encodeURIComponent(name)}`, {}),
}

/** What stands in an address is anybody's; `null` for what is not encoded as it should be. */
export function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** The API lies beside the page, or under it where its address has no slash at the end. */
const FOLDER = location.pathname.endsWith('/') ? './' : `./${location.pathname.split('/').at(-1)}/`

async function ask<Answer>(path: string, body?: object): Promise<Answer> {
  const token = sessionStorage.getItem(KEPT)
  // A browser sends no such header, and says so as it says that nobody answers.
  if (token !== null && /[^\x21-\x7e]/.test(token)) throw new ApiError(401, 'This is not a token.')
  const answer = await fetch(`${FOLDER}${path}`, {
    // To warm may take long.
    ...(body ? { method: 'POST', body: JSON.stringify(body) } : { signal: AbortSignal.timeout(PATIENCE_MS) }),
    headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
    cache: 'no-store',
  }).catch(() => {
    throw new ApiError(0, 'The process does not answer.')
  })
  const said = (await answer.json().catch(() => ({}))) as Answer & { readonly error?: { readonly message: string } }
  if (!answer.ok) throw new ApiError(answer.status, said.error?.message ?? `It answered ${answer.status}.`)
  return said
}
