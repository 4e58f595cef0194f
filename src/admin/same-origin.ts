import { Refusal } from './answers.ts'

/**
 * Refuses what a page of somebody else's has a browser send: the browser may add a password or a cookie that `authorize`
 * looks at. Browsers say where a request comes from, in `Sec-Fetch-Site` or at least in `Origin`; other clients say neither.
 */
export function assertSameOrigin(request: Request, trusted: ReadonlySet<string>): void {
  const origin = request.headers.get('origin')
  if (origin !== null && trusted.has(origin)) return
  const site = request.headers.get('sec-fetch-site')
  if (site !== null && site !== 'same-origin' && site !== 'none') throw foreign()
  // The scheme is not compared: a proxy in front may have ended TLS.
  if (site === null && origin !== null && hostOf(origin) !== hostOf(request.url)) throw foreign()
}

/** A form or a link can send no such type to another origin without asking first, and nobody here would answer. */
export function assertJson(request: Request): void {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() === 'application/json') return
  throw new Refusal(415, 'json-wanted', 'Send the header `content-type: application/json`.')
}

function foreign(): Refusal {
  return new Refusal(403, 'foreign-origin', 'The request comes from a page of another origin; see `trustedOrigins`.')
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined
}
