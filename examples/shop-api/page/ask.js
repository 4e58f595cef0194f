/** Answers by address, with what they are to be asked again by. */
const kept = new Map()
const listeners = new Set()

/** Called with what the server said to each request. */
export function onAnswer(listener) {
  listeners.add(listener)
}

/** Reads an address. The kept answer is used when the server says, by its ETag, that it would send the same. */
export async function ask(path) {
  const before = kept.get(path)
  // A request that names the ETag itself is told the 304; the browser's own cache would hide it.
  const response = await send('GET', path, {
    headers: before ? { 'If-None-Match': before.etag } : {},
    cache: 'no-store',
  })
  if (response.status === 304) return before.body
  const body = await bodyOf(response)
  const etag = response.headers.get('ETag')
  if (etag) kept.set(path, { etag, body })
  return body
}

export async function tell(path, message) {
  const init = { body: JSON.stringify(message), headers: { 'Content-Type': 'application/json' } }
  return bodyOf(await send('POST', path, init))
}

async function send(method, path, init) {
  const begun = performance.now()
  const response = await fetch(path, { method, ...init })
  const said = {
    method,
    path,
    status: response.status,
    cache: response.headers.get('X-Cache'),
    age: response.headers.get('Age'),
    ms: performance.now() - begun,
  }
  for (const listener of listeners) listener(said)
  return response
}

async function bodyOf(response) {
  if (response.ok) return response.json()
  const text = await response.text()
  throw new Error(response.headers.get('Content-Type')?.includes('json') ? JSON.parse(text).error : text)
}
