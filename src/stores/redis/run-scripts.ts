import type { Command, Reply } from './redis-client.ts'
import type { Script } from './script.ts'
import { isWrongType, REMOVE_WRONG_TYPES } from './wrong-types.ts'

export interface ScriptCall {
  readonly script: Script
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

export type Send = (commands: readonly Command[]) => Promise<readonly Reply[]>

/**
 * Scripts and plain commands, in one round trip and in this order; in two where a server does not know a script yet. What
 * came after that one is run once more, for it came too early; running any of them twice does no harm. What of another type
 * lies under a key of ours is removed.
 */
export async function runScripts(calls: readonly (ScriptCall | Command)[], send: Send): Promise<readonly Reply[]> {
  const replies = await runAsTheyAre(calls, send)
  const failed = calls.filter((call, i): call is ScriptCall => 'script' in call && isWrongType(replies[i]))
  if (failed.length === 0) return replies
  await runAsTheyAre(
    failed.map(({ keys }) => ({ script: REMOVE_WRONG_TYPES, keys, args: [] })),
    send,
  )
  const healed = new Map<unknown, Reply>()
  for (const [i, reply] of (await runAsTheyAre(failed, send)).entries()) healed.set(failed[i], reply)
  return calls.map((call, i) => healed.get(call) ?? (replies[i] as Reply))
}

async function runAsTheyAre(calls: readonly (ScriptCall | Command)[], send: Send): Promise<readonly Reply[]> {
  const replies = await send(calls.map((call) => commandOf(call, 'evalsha')))
  const unknown = replies.findIndex(([error]) => error?.message.startsWith('NOSCRIPT'))
  if (unknown < 0) return replies
  const again = calls.slice(unknown).map((call) => commandOf(call, 'eval'))
  return [...replies.slice(0, unknown), ...(await send(again))]
}

function commandOf(call: ScriptCall | Command, how: 'evalsha' | 'eval'): Command {
  if (!('script' in call)) return call
  const { script, keys, args } = call
  return [how, how === 'eval' ? script.text : script.sha1, String(keys.length), ...keys, ...args]
}
