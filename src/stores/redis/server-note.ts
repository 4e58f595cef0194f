import { StoreUnavailableError } from '../../errors.ts'
import { answer, type Command, type RedisClient, type Reply } from './redis-client.ts'
import type { ServersContext } from './redis-servers.ts'
import { pipelined } from './send-commands.ts'

/** A server as it describes itself. */
export interface Server {
  readonly client: RedisClient
  /** Changes when the server may have lost something; `undefined` when it does not say (not every provider allows it). */
  readonly id: string | undefined
  /** By its own clock, epoch ms. */
  readonly nowMs: number
  readonly upMs: number
}

/** Thirty days, renewed by every connection: nothing of ours is kept without an end. Without the note versions are dropped. */
const NOTE_SECONDS = '2592000'

/** Asks a server who it is. Rejects when it does not answer at all, and when it is a replica: it knows things late. */
export async function describe(client: RedisClient, mark = ''): Promise<Server> {
  const [time, info, role] = await pipelined(client, [['time'], ['info', 'server'], ['role']])
  const [seconds, micros] = answer(time) as [string, string]
  if (Array.isArray(role?.[1]) && role[1][0] !== 'master') throw new StoreUnavailableError('the server is a replica')
  const text = info?.[0] ? '' : String(info?.[1])
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(text)?.[1]
  const runId = field('run_id')
  return {
    client,
    id: runId === undefined ? undefined : `${runId}${mark}`,
    nowMs: Number(seconds) * 1000 + Math.floor(Number(micros) / 1000),
    upMs: Number(field('uptime_in_seconds') ?? 3600) * 1000,
  }
}

/**
 * Compares servers with the note that lies beside the versions, has the versions of those that are not noted dropped,
 * and notes them. Everybody does so on every connection before anything is read, so whoever reads from a new server
 * knows that nothing from before it is left there.
 *
 * @param again whether we had been connected before: what does not say who it is cannot be trusted then.
 * @returns for how much longer the newest server must be left alone, ms: others are still finding it, and until they
 * have, their invalidations do not reach it.
 */
export async function compareWithNote(
  servers: readonly Server[],
  again: boolean,
  send: (commands: readonly Command[]) => Promise<readonly Reply[]>,
  { noteKey, graceMs, looksOnly, dropRecords }: ServersContext,
): Promise<number> {
  if (looksOnly) return 0
  const read = async () => {
    const [value, exists] = await send([
      ['mget', noteKey],
      ['exists', noteKey],
    ])
    const note = (answer(value) as unknown[])[0]
    // A note of another type says nothing of any server, so none of them is known; the note takes its place.
    return note === null && answer(exists) === 1 ? '' : note
  }
  const note = await read()
  const noted = readNote(note)
  const named = servers.filter((server) => server.id !== undefined)
  let graceLeftMs = 0
  const lines = named.map((server) => {
    const id = server.id as string
    // No note at all: a namespace that was never used, unless the server itself has just come, and is empty.
    const since = noted.get(id) ?? (note === null ? server.nowMs - server.upMs : server.nowMs)
    graceLeftMs = Math.max(graceLeftMs, since + graceMs - server.nowMs)
    return `${id}:${since}`
  })
  for (const { client, id } of servers) {
    if (id === undefined ? !again : noted.has(id)) continue
    // A fleet that starts finds a new server together. Who has it noted has dropped everything, and stores again: the
    // others, still at it, would drop that.
    await dropRecords(client, async () => id !== undefined && readNote(await read()).has(id))
  }
  // A full Redis refuses this; the next connection drops the versions again then.
  if (named.length > 0) await send([['set', noteKey, lines.join(' '), 'EX', NOTE_SECONDS]])
  return graceLeftMs
}

/** When each noted server was first met, by the clock it had. */
function readNote(note: unknown): Map<string, number> {
  const noted = new Map<string, number>()
  for (const line of typeof note === 'string' ? note.split(' ') : []) {
    const at = line.lastIndexOf(':')
    const since = Number(line.slice(at + 1))
    if (at > 0 && Number.isSafeInteger(since)) noted.set(line.slice(0, at), since)
  }
  return noted
}
