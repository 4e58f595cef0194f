import { connect, createServer, type Socket } from 'node:net'

/** The line between all workers and Redis, with everything that can be wrong with it. */
export interface RedisLine {
  readonly port: number
  /** New connections lead there; existing ones stay. */
  leadTo(port: number): void
  /** Breaks every connection; new ones work. */
  cut(): void
  /** Commands arrive and are carried out, answers are lost, until the line is cut. */
  loseAnswers(): void
  /** Every command is answered with this error instead of being passed on; `undefined`: passed on again. */
  answerWith(error: string | undefined): void
  close(): Promise<void>
}

export async function startRedisLine(target: number): Promise<RedisLine> {
  const sockets = new Set<Socket>()
  let port = target
  let deaf = false
  let error: string | undefined

  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    for (const [socket, peer] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        peer.destroy()
      })
    }
    /** Answers in the order of their commands: an error of ours, or `null` where the server has yet to answer. */
    const due: (string | null)[] = []
    const flush = () => {
      while (typeof due[0] === 'string') client.write(due.shift()!)
    }
    const commands = splitter((command) => {
      due.push(error === undefined ? null : `-${error}\r\n`)
      if (error === undefined) upstream.write(command)
      flush()
    })
    const answers = splitter((answer) => {
      due.shift()
      if (!deaf) client.write(answer)
      flush()
    })
    client.on('data', commands)
    upstream.on('data', answers)
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the line has no port')

  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: address.port,
    leadTo(next) {
      port = next
    },
    cut() {
      deaf = false
      breakAll()
    },
    loseAnswers() {
      deaf = true
    },
    answerWith(text) {
      error = text
    },
    close() {
      breakAll()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** Cuts a stream of RESP values, commands or answers, into single ones. */
function splitter(take: (value: Buffer) => void): (bytes: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes])
    for (let end = endOfValue(rest, 0); end > 0; end = endOfValue(rest, 0)) {
      take(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
  }
}

/** Where the value that begins at `at` ends; -1 when it is not all there. */
function endOfValue(bytes: Buffer, at: number): number {
  const line = bytes.indexOf('\r\n', at)
  if (line < 0) return -1
  const count = Number(bytes.toString('latin1', at + 1, line))
  const kind = String.fromCharCode(bytes[at]!)
  let end = line + 2
  if ('$=!'.includes(kind)) {
    if (count >= 0) end += count + 2
    return end <= bytes.length ? end : -1
  }
  if ('*~>%'.includes(kind)) {
    for (let left = kind === '%' ? 2 * count : count; left > 0; left -= 1) {
      end = endOfValue(bytes, end)
      if (end < 0) return -1
    }
  }
  return end
}
