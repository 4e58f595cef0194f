import { answer, type Command, type Reply } from './redis-client.ts'

/** Whether a command failed because something of another type lies under a key of ours. Scripts wrap the message. */
export function isWrongType(reply: Reply | undefined): boolean {
  return reply?.[0]?.message.includes('WRONGTYPE') ?? false
}

/**
 * Removes what of another type lies under these keys. Nobody of ours put it there, and every command would fail on it
 * for ever. A record without its marks or shapes begins anew, which only misses.
 */
export async function removeWrongTypes(
  keys: readonly string[],
  send: (commands: readonly Command[]) => Promise<readonly Reply[]>,
): Promise<void> {
  const types = await send(keys.map((key): Command => ['type', key]))
  const wrong = keys.filter((key, i) => {
    const type = String(answer(types[i]))
    return type !== 'none' && type !== (HASH.test(key) ? 'hash' : 'string')
  })
  if (wrong.length > 0) await send(wrong.map((key): Command => ['unlink', key]))
}

const HASH = /(^|:)(marks|shapes):\{[^{}]*\}$/
