import { Refusal } from './answers.ts'

/** An invalidation names some thousands of tags at most. */
const MAX_BYTES = 64 * 1024

/** The JSON object a request holds; an empty body is `{}`. Reads no more than it may. */
export async function readBody(request: Request): Promise<Record<string, unknown>> {
  const bytes = await bounded(request)
  if (bytes.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new Refusal(400, 'not-json', 'The body is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refusal(400, 'not-an-object', 'Send a JSON object.')
  }
  return value as Record<string, unknown>
}

async function bounded(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BYTES) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    size += next.value.byteLength
    if (size > MAX_BYTES) {
      // Who sends more is not listened to any longer.
      await reader?.cancel().catch(() => {})
      throw tooLarge()
    }
    chunks.push(next.value)
  }
  return Buffer.concat(chunks)
}

function tooLarge(): Refusal {
  return new Refusal(413, 'too-large', `Send at most ${MAX_BYTES} bytes.`, { connection: 'close' })
}
