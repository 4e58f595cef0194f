/** A body that is at hand arrives within these turns of the event loop; one that does not is streaming. */
const TURNS = 3

/**
 * The body of a response, if it is there at once and not too large, and a response with that body. What streams is handed
 * on as it comes: it is never waited for, and what was read of it is not lost.
 */
export async function wholeBody(
  response: Response,
  maxBytes: number,
): Promise<{ readonly body?: Uint8Array; readonly response: Response }> {
  if (!response.body || response.bodyUsed) return { response }
  if (/^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '')) return { response }
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) return { response }
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  let turns = TURNS
  for (;;) {
    const next = reader.read()
    let arrived = await withinTurn(next)
    while (!arrived && turns > 0) {
      turns -= 1
      arrived = await withinTurn(next)
    }
    // Also one that broke: it breaks where it would have without us.
    if (!arrived || arrived === BROKEN) return { response: again(response, restOf(chunks, next, reader)) }
    const { done, value } = arrived
    if (done) break
    chunks.push(value)
    size += value.byteLength
    if (size > maxBytes) return { response: again(response, restOf(chunks, reader.read(), reader)) }
  }
  const body = Buffer.concat(chunks)
  return { body, response: again(response, body) }
}

type Read = Awaited<ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>>

const BROKEN = Symbol('broken')

function withinTurn(read: Promise<Read>): Promise<Read | typeof BROKEN | undefined> {
  const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined))
  return Promise.race([read.catch((): typeof BROKEN => BROKEN), turn])
}

function again({ status, statusText, headers }: Response, body: ReadableStream | Uint8Array): Response {
  return new Response(body as ConstructorParameters<typeof Response>[0], { status, statusText, headers })
}

/** What was read, then what is under way, then the rest. */
function restOf(
  chunks: readonly Uint8Array[],
  underWay: Promise<Read>,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let next: Promise<Read> | undefined = underWay
  return new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
    },
    async pull(controller) {
      const { done, value } = await (next ?? reader.read())
      next = undefined
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
