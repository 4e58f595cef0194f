/** Why a request is not answered as it asks. Its message is for who asked; it holds nothing they did not send. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly code: string
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.code = code
    this.headers = headers
  }
}

/** Nothing is kept by anybody between here and the reader, shown in a frame, or guessed to be of another type. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const

const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/** The page's own files, and what they ask for here; nothing inline, and no text that a script could make markup of. */
const OWN_FILES = `${NOTHING}; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'`

export function answer(
  body: string | ReadableStream<Uint8Array> | null,
  type: string,
  status = 200,
  more: Record<string, string> = {},
): Response {
  const headers = { ...HEADERS, 'content-security-policy': NOTHING, 'content-type': type, ...more }
  return new Response(body, { status, headers })
}

/** The dashboard's page. */
export function page(html: string): Response {
  return answer(html, 'text/html; charset=utf-8', 200, { 'content-security-policy': OWN_FILES })
}

export function json(value: unknown, status = 200, more: Record<string, string> = {}): Response {
  return answer(jsonText(value), 'application/json; charset=utf-8', status, more)
}

export function refused({ status, code, message, headers }: Refusal): Response {
  return json({ error: { code, message } }, status, headers)
}

/** JSON has no word for some numbers that events hold; and what it is shown in may read `<` as markup. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, (_, one: unknown) => {
    if (typeof one === 'bigint') return String(one)
    return typeof one === 'number' && !Number.isFinite(one) ? String(one) : one
  })
  return text.replace(/[<\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
