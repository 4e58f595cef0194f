import type { CacheControl } from '../control/cache-control.ts'
import { TELL } from '../control/tell.ts'
import { CacheConfigError, StoreUnavailableError } from '../errors.ts'
import { TokenBucket } from '../token-bucket.ts'
import { answer, json, page, Refusal, refused } from './answers.ts'
import type { Grant, Viewer } from './authorize.ts'
import { EventStreams } from './event-stream.ts'
import { type AdminOptions, resolveAdminOptions } from './options.ts'
import { pageFile } from './page-files.ts'
import { Recorder } from './recorder/recorder.ts'
import { readBody } from './request-body.ts'
import { type Asked, changes, entryView, type RouteContext, views } from './routes.ts'
import { assertJson, assertSameOrigin } from './same-origin.ts'

/** Where a request reached the handler, as adapters know it. */
export interface AdminMount {
  /** Before `basePath` of the options. */
  readonly basePath?: string
}

/** Answers requests of operators; never rejects. */
export interface AdminHandler {
  /** Frameworks that call it as a handler of theirs may pass whatever they pass: only a `basePath` is looked at. */
  (request: Request, mount?: AdminMount | object): Promise<Response>
  /** Ends its event streams, and its listening to the cache. */
  close(): void
}

/** Requests that were not let in, of which the audit tells, a minute: who tries passwords must not fill a log. */
const REFUSALS_TOLD = 20
const MINUTE = 60_000

/**
 * The admin API and the dashboard, as a handler of web-standard requests. See `docs/admin.md` for its routes.
 *
 *     const admin = adminHandler(prisma.$cache, { authorize: bearerToken(process.env.CACHE_ADMIN_TOKEN) })
 *
 * @throws CacheConfigError for options that are wrong, and without `authorize`: there is no open door.
 */
export function adminHandler(cache: CacheControl, options: AdminOptions): AdminHandler {
  const resolved = resolveAdminOptions(options)
  if (typeof cache?.keyPage !== 'function') {
    throw new CacheConfigError('adminHandler', 'the first argument is not a cache', 'Pass `prisma.$cache`.')
  }
  const { clock } = resolved
  const context: RouteContext = {
    cache,
    options: resolved,
    recorder: new Recorder(cache, clock),
    streams: new EventStreams(cache, resolved.maxStreams, clock),
  }
  const changesLeft = new TokenBucket(resolved.changesPerMinute, MINUTE, clock)
  const refusalsTold = new TokenBucket(REFUSALS_TOLD, MINUTE, clock)
  const trusted = new Set(resolved.trustedOrigins)

  async function handle(request: Request, { basePath }: AdminMount = {}): Promise<Response> {
    try {
      return await route(request, basePath?.replace(/\/$/, '') ?? resolved.basePath)
    } catch (error) {
      return refused(asRefusal(error, cache))
    }
  }

  async function route(request: Request, basePath: string): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url)
    if (pathname !== basePath && !pathname.startsWith(`${basePath}/`)) throw notFound()
    const [name = '', ...behind] = pathname.slice(basePath.length + 1).split('/')
    const rest = decoded(behind.join('/'))
    if (request.method === 'POST') return changed(request, { request, query, rest, body: {} }, name)
    if (request.method !== 'GET') {
      throw new Refusal(405, 'method', 'Ask with GET, change with POST.', { allow: 'GET, POST' })
    }
    if (resolved.dashboard && (name === '' || name === 'assets')) return dashboard(pathname, name, rest)
    const view = rest === '' ? views.get(name) : name === 'keys' ? entryView : undefined
    assertSameOrigin(request, trusted)
    const viewer = viewerOf(await grantOf(request, `GET ${name}`))
    if (!view) throw notFound()
    return view.look({ request, query, rest, viewer, body: {} }, context)
  }

  /** The page is for everybody to see: it holds no data, and asks for a token where it is given none. */
  function dashboard(pathname: string, name: string, rest: string): Response {
    if (name === 'assets') {
      const file = pageFile(rest)
      if (!file) throw notFound()
      return answer(file.text, file.type)
    }
    const html = pageFile('index.html')?.text ?? ''
    if (pathname.endsWith('/')) return page(html)
    // Files of the page would be looked for one folder above. It is not redirected to its folder: Next.js redirects that back.
    // `./`, because a folder may be called as a scheme is: `http:`.
    return page(html.replaceAll('="assets/', `="./${pathname.split('/').at(-1)}/assets/`))
  }

  async function changed(request: Request, asked: Omit<Asked, 'viewer'>, name: string): Promise<Response> {
    const route = changes.get(name)
    assertSameOrigin(request, trusted)
    const grant = await grantOf(request, name)
    const viewer = viewerOf(grant)
    const { actor = null } = viewer
    const tell = (outcome: 'done' | 'refused' | 'failed', what: object = {}) =>
      cache[TELL]({ type: 'admin', action: name, actor, outcome, ...what })
    if (!route || (asked.rest !== '' && !route.takesRest)) throw notFound()
    if (viewer.isReadOnly) {
      tell('refused')
      throw new Refusal(403, 'read-only', 'Nothing can be changed through this door, or not by you.')
    }
    assertJson(request)
    const waitMs = changesLeft.take()
    if (waitMs !== true) {
      tell('refused')
      const seconds = String(Math.ceil(waitMs / 1000))
      throw new Refusal(429, 'too-many', `Try again in ${seconds} s.`, { 'retry-after': seconds })
    }
    try {
      const { answer: done, ...counts } = await route.change(
        { ...asked, viewer, body: await readBody(request) },
        context,
      )
      tell('done', counts)
      return json(done)
    } catch (error) {
      tell('failed')
      throw error
    }
  }

  function viewerOf(grant: true | Exclude<Grant, boolean | null | undefined>): Viewer {
    const { actor, readOnly = false } = grant === true ? {} : grant
    return { actor, isReadOnly: resolved.readOnly || readOnly }
  }

  async function grantOf(request: Request, action: string): Promise<Exclude<Grant, false | null | undefined>> {
    const grant = await authorized(request)
    if (grant) return grant
    if (isAttempt(request) && refusalsTold.take() === true) {
      cache[TELL]({ type: 'admin', action, actor: null, outcome: 'refused' })
    }
    throw new Refusal(401, 'not-authorized', 'Not authorized.', { 'www-authenticate': 'Bearer realm="cache"' })
  }

  async function authorized(request: Request): Promise<Grant> {
    try {
      return await resolved.authorize(request)
    } catch (error) {
      cache[TELL]({ type: 'error', during: 'admin', error })
      throw new Refusal(403, 'not-authorized', 'Whether you may come in could not be found out.')
    }
  }

  return Object.assign(handle, {
    close() {
      context.recorder.end()
      context.streams.close()
    },
  })
}

/** Who looks and brings nothing tries nothing: the dashboard does, to learn whether it needs a token. */
function isAttempt({ method, headers }: Request): boolean {
  return method !== 'GET' || headers.has('authorization') || headers.has('cookie')
}

function asRefusal(error: unknown, cache: CacheControl): Refusal {
  if (error instanceof Refusal) return error
  // Told apart by name: a process may have this package twice, as a module and as CommonJS.
  const name = error instanceof Error ? error.name : ''
  if (name === CacheConfigError.name) return new Refusal(400, 'invalid', (error as Error).message)
  if (error instanceof StoreUnavailableError || name === 'StoreUnavailableError') {
    return new Refusal(503, 'store-unavailable', 'The store does not answer.', { 'retry-after': '5' })
  }
  cache[TELL]({ type: 'error', during: 'admin', error })
  return new Refusal(500, 'failed', 'That failed; see the `error` event.')
}

function notFound(): Refusal {
  return new Refusal(404, 'not-found', 'There is nothing here.')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Refusal(400, 'not-encoded', 'The path is not percent-encoded as it should be.')
  }
}
