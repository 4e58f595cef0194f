/**
 * A mistake in the options, the config file, the environment or a per-call `cache` argument. The only error this
 * package throws at an application; it names the option, the value seen and the fix.
 */
export class CacheConfigError extends Error {
  override readonly name = 'CacheConfigError'
  readonly code = 'CACHE_CONFIG'
  /** Path of the option, e.g. `models.User.ttl`. */
  readonly option: string

  constructor(option: string, problem: string, fix: string, options?: ErrorOptions) {
    super(`Invalid cache option \`${option}\`: ${problem}. ${fix}`, options)
    this.option = option
  }
}

/** The store did not answer: slow, down, refusing. Never reaches a query; `$cache.clear()` and friends reject with it. */
export class StoreUnavailableError extends Error {
  override readonly name: string = 'StoreUnavailableError'
  readonly code = 'CACHE_STORE_UNAVAILABLE'
}

/**
 * What a store's client threw, in words only: clients hang the command that failed on their errors, and with it values,
 * or the password of an AUTH.
 */
export function storeError(error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error
  const message = error instanceof Error ? error.message : 'the store failed'
  const meaning = CLIENT_WORDS.find(([words]) => words.test(message))?.[1]
  return new StoreUnavailableError(meaning ?? withoutValues(message))
}

/** What a Redis client says in the words of its own options, which nobody has set, and what it means. */
const CLIENT_WORDS: readonly (readonly [words: RegExp, meaning: string])[] = [
  [/maxRetriesPerRequest|^Connection is closed|^Command aborted due to/, 'the connection to Redis was lost'],
  [/enableOfflineQueue/, 'Redis is not connected'],
  [/^Failed to refresh slots cache/, 'no node of the Redis Cluster answers'],
]

/**
 * The beginning of a message, up to where a client or a server begins to quote: `ERR unknown command 'get', with args
 * beginning with: …`, `Last reply: …`. What is quoted may be a row, a key, a password.
 */
function withoutValues(message: string): string {
  const said = (message.split(QUOTES)[0] ?? '').slice(0, MAX_SAID)
  const text = said.replaceAll(CREDENTIALS, '//').replaceAll(CONTROL, ' ').trimEnd()
  return said.length < message.length ? `${text}…` : text
}

const MAX_SAID = 160
const QUOTES = /["'`\n\r]|: |\bLast (?:reply|error)\b/
const CREDENTIALS = /\/\/[^/\s@]*@/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/**
 * What a query failed with that nobody waits for: its name and code. What a database says quotes values, and what Prisma
 * says in development the arguments; the caller of a query is told all of it, a listener of events must not be.
 */
export function queryError(error: unknown): Error {
  const { name, code, errorCode } = (error ?? {}) as { name?: unknown; code?: unknown; errorCode?: unknown }
  const known = [code, errorCode].find((text) => typeof text === 'string' && /^\w{1,32}$/.test(text))
  const told = typeof name === 'string' && /^\w{1,64}$/.test(name) ? name : 'Error'
  return new Error(`the query failed: ${told}${known === undefined ? '' : ` ${known}`}`)
}

/** The same of what the application's own function failed with: only what comes from a query is not told whole. */
export function ownError(error: unknown): unknown {
  const { name } = (error ?? {}) as { name?: unknown }
  return typeof name === 'string' && /^(PrismaClient|DriverAdapter)/.test(name) ? queryError(error) : error
}

/** An error's first line, for people: without what URLs in it say behind their scheme, for a password may stand there. */
export function lineOf(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split(/[\r\n]/)
  return line.replace(/(\w+:\/\/)\S+/g, '$1…')
}

/** The store was lost since it was last asked, or is a new one; before it is asked again it must be `ping`ed. */
export class ConnectionLostError extends StoreUnavailableError {}

/** Bytes that this version cannot read, or a value it cannot write. Becomes a miss or a skipped fill, never a throw. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly code = 'CACHE_CODEC'
}

/** A short, printable picture of a value seen in the wrong place; never the whole of it, it may be a secret or huge. */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    const text = withoutPassword(value)
    return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
  }
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value === 'object' && value !== null) {
    const keys = Object.keys(value)
    return `an object with ${keys.slice(0, 10).join(', ') || 'no keys'}${keys.length > 10 ? ', …' : ''}`
  }
  return String(value)
}

/** What can be said of a secret that was given in a wrong form. */
export function showSecret(value: unknown): string {
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return typeof value === 'object' ? show(value) : `a ${typeof value}`
}

/** A URL may hold a password in more places than one: of it only the scheme and the host are shown. */
function withoutPassword(text: string): string {
  if (!/^[\w+.-]+:\/\//.test(text)) return text.includes('@') ? `…${text.slice(text.lastIndexOf('@'))}` : text
  if (!URL.canParse(text)) return `${text.slice(0, text.indexOf('://') + 3)}…`
  const { protocol, host, username, password, pathname, search, hash } = new URL(text)
  const path = pathname === '/' ? '' : pathname
  return `${protocol}//${username || password ? '…@' : ''}${host}${path || search || hash ? '…' : ''}`
}
