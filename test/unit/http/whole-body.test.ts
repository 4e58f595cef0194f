import { describe, expect, it } from 'vitest'
import { wholeBody } from '../../../src/http/whole-body.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = async (response: Response, max = 100) => {
  const { body, response: after } = await wholeBody(response, max)
  return { body: body && new TextDecoder().decode(body), after: await after.text(), headers: after.headers }
}
/** Gives each piece when it is let go on. */
function slow(pieces: readonly string[]) {
  let go: () => void = () => {}
  let cancelled: unknown
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const piece of pieces) {
        controller.enqueue(bytes(piece))
        await new Promise<void>((resolve) => {
          go = resolve
        })
      }
      controller.close()
    },
    cancel(reason) {
      cancelled = reason
    },
  })
  return { stream, go: () => go(), cancelled: () => cancelled }
}

describe('the body of a response', () => {
  it.each<[string, () => Response]>([
    ['a text', () => new Response('hello')],
    ['bytes', () => new Response(bytes('hello'))],
    ['pieces at once', () => new Response(ReadableStream.from(['he', 'llo'].map(bytes)))],
  ])('that is at hand is had, and sent all the same: %s', async (_, make) => {
    expect(await textOf(make())).toMatchObject({ body: 'hello', after: 'hello' })
  })

  it('that is not there is nothing', async () => {
    expect(await textOf(new Response(null))).toMatchObject({ body: undefined, after: '' })
    expect(await textOf(new Response(''))).toMatchObject({ body: '', after: '' })
  })

  it('that is too large is passed on whole', async () => {
    const large = 'x'.repeat(1000)
    expect(await textOf(new Response(large))).toMatchObject({ body: undefined, after: large })
    const pieces = Array.from({ length: 50 }, (_, i) => bytes(`piece ${i} `))
    const expected = Buffer.concat(pieces).toString()
    expect(await textOf(new Response(ReadableStream.from(pieces)))).toMatchObject({ body: undefined, after: expected })
    const told = new Response('short', { headers: { 'content-length': '101' } })
    expect(await textOf(told)).toMatchObject({ body: undefined, after: 'short' })
  })

  it('that streams is not waited for, and loses nothing', async () => {
    const { stream, go } = slow(['one ', 'two ', 'three'])
    const { body, response } = await wholeBody(new Response(stream, { status: 201, headers: { 'x-a': 'b' } }), 100)
    expect(body).toBeUndefined()
    expect([response.status, response.headers.get('x-a')]).toEqual([201, 'b'])
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    const read = async () => new TextDecoder().decode((await reader.read()).value)
    expect(await read()).toBe('one ')
    go()
    expect(await read()).toBe('two ')
    go()
    expect(await read()).toBe('three')
    go()
    expect((await reader.read()).done).toBe(true)
  })

  it('that streams is ended where its reader goes away', async () => {
    const { stream, cancelled } = slow(['one', 'two'])
    const { response } = await wholeBody(new Response(stream), 100)
    await response.body?.cancel('gone')
    expect(cancelled()).toBe('gone')
  })

  it('that breaks, breaks where it would have', async () => {
    const broken = () =>
      new ReadableStream({
        pull(controller) {
          controller.error(new Error('broken'))
        },
      })
    const { body, response } = await wholeBody(new Response(broken()), 100)
    expect(body).toBeUndefined()
    await expect(response.text()).rejects.toThrow('broken')
  })

  it('of events is not looked at', async () => {
    const { stream } = slow(['data: 1\n\n'])
    const response = new Response(stream, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
    expect((await wholeBody(response, 100)).response).toBe(response)
  })
})
