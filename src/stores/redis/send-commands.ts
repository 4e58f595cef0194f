import { randomBytes } from 'node:crypto'
import { ConnectionLostError, StoreUnavailableError } from '../../errors.ts'
import { answer, type Command, connected, type RedisClient, type Reply } from './redis-client.ts'
import { dropConnection, due } from './silence.ts'

/** One command. Rejects with what the server said instead of a result. */
export async function called(client: RedisClient, command: string, ...args: string[]): Promise<unknown> {
  // A pipeline finds the commands of ioredis by their names, which are in lower case.
  const [reply] = await pipelined(client, [[command.toLowerCase(), ...args]])
  return answer(reply)
}

/**
 * Every command in one round trip to one server, and an ECHO behind them.
 *
 * A client gives each reply to the command that has waited longest. When one reply too many (or too few) came, every
 * later command on this connection gets the reply of another: a read the row of somebody else, an invalidation the
 * acknowledgement of one before it. The token of the ECHO is no other command's reply, so it proves that all replies
 * before it belong to their commands.
 */
export async function pipelined(server: RedisClient, commands: Command[]): Promise<readonly Reply[]> {
  if (commands.length === 0) return []
  const token = `${TOKEN}${(sent += 1)}`
  const pipeline = connected(server).pipeline([...commands, ['echo', token]])
  const replies = await due(server, pipeline.exec())
  if (!replies) throw new StoreUnavailableError('the pipeline was discarded')
  const [error, said] = replies.pop() as Reply
  // A server that refuses everything (it is loading, say), or this command alone, names the reason itself.
  const isRefused = error !== null && (replies.every((reply) => reply[0]) || REFUSES_ECHO.test(error.message))
  if (said !== token && !isRefused) throw outOfOrder(server)
  return replies
}

const TOKEN = `${randomBytes(6).toString('base64url')}.`
let sent = 0
const REFUSES_ECHO = /^(?:NOPERM|ERR unknown command).*\becho\b/i

/** One command that nothing proves: whoever sends it must know its reply from every other, see `pipelined`. */
export async function alone(server: RedisClient, [name, ...args]: Command): Promise<Reply> {
  const reply = due(server, connected(server).call(name.toUpperCase(), ...args))
  try {
    return [null, await reply]
  } catch (error) {
    if (isRefusal(error)) return [error, undefined]
    throw error
  }
}

/** What the server said instead of a result; everything else is a lost connection. */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError'
}

/** Drops a connection whose replies belong to other commands: nothing it says from now on can be believed. */
export function outOfOrder(server: RedisClient): ConnectionLostError {
  dropConnection(server)
  return new ConnectionLostError('replies came out of order')
}
