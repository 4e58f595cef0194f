import { StoreUnavailableError } from '../../errors.ts'
import { type Command, connected, type RedisClient, type Reply } from './redis-client.ts'
import { due } from './silence.ts'

/** One command. Rejects with what the server said instead of a result. */
export async function called(client: RedisClient, command: string, ...args: string[]): Promise<unknown> {
  return due(client, connected(client).call(command, ...args))
}

/** Every command in one round trip to one server. */
export async function pipelined(server: RedisClient, commands: Command[]): Promise<readonly Reply[]> {
  if (commands.length === 0) return []
  const replies = await due(server, connected(server).pipeline(commands).exec())
  if (!replies) throw new StoreUnavailableError('the pipeline was discarded')
  return replies
}
