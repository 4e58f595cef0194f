import { connect, createServer, type Server, type Socket } from 'node:net'

/** A bad line between a client and a server, and a meter on it. */
export interface TcpProxy {
  readonly port: number
  /** How often a client had to wait for the server: requests sent without waiting in between count as one. */
  readonly roundTrips: number
  resetRoundTrips(): void
  /** From now on the server's answers take this much longer. */
  delay(ms: number): void
  /** The next `count` pieces of what the server answers arrive twice, as from a line that repeats itself. */
  repeatAnswers(count: number): void
  /** From now on requests arrive and answers do not; connections stay open. */
  loseAnswers(): void
  /** From now on new connections are accepted and nothing at all passes. */
  blackHole(): void
  /** On the connections that are open nothing passes any more, and none of them ends; new ones work. Also after `blackHole`. */
  deaden(): void
  /** From now on the server's answers come twice. */
  double(): void
  /** From now on nothing passes on new connections, until what is returned is called. */
  holdNew(): () => void
  /** How many connections clients have opened so far. */
  readonly connections: number
  /** Breaks every connection and lets new ones work. */
  cut(): void
  close(): Promise<void>
}

type Line = 'sound' | 'answers lost' | 'black hole' | 'doubled'

export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let line: Line = 'sound'
  let delayMs = 0
  let roundTrips = 0
  let waiting = false
  let connections = 0
  const dead = new WeakSet<Socket>()
  let held: Promise<void> | undefined
  let repeated = 0

  const server: Server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    connections += 1
    let onItsWay = Promise.resolve()
    const released = held
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
    if (released) {
      client.pause()
      void released.then(() => client.resume())
    }
    client.on('data', (bytes) => {
      if (line === 'black hole' || dead.has(client)) return
      if (!waiting) roundTrips += 1
      waiting = true
      upstream.write(bytes)
    })
    upstream.on('data', (bytes) => {
      waiting = false
      if (line === 'answers lost' || line === 'black hole' || dead.has(client)) return
      // One after the other: when the delay ends, what is still on its way must not be overtaken.
      const arrives = performance.now() + delayMs
      onItsWay = onItsWay.then(async () => {
        const left = arrives - performance.now()
        if (left > 0) await new Promise((resolve) => setTimeout(resolve, left))
        if (client.destroyed) return
        client.write(bytes)
        if (line === 'doubled') client.write(bytes)
        if (repeated === 0) return
        repeated -= 1
        client.write(bytes)
      })
    })
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')

  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: address.port,
    get roundTrips() {
      return roundTrips
    },
    resetRoundTrips() {
      roundTrips = 0
      waiting = false
    },
    delay(ms) {
      delayMs = ms
    },
    repeatAnswers(count) {
      repeated = count
    },
    loseAnswers() {
      line = 'answers lost'
    },
    blackHole() {
      line = 'black hole'
    },
    deaden() {
      line = 'sound'
      for (const socket of sockets) dead.add(socket)
    },
    double() {
      line = 'doubled'
    },
    holdNew() {
      let release = () => {}
      held = new Promise((resolve) => {
        release = resolve
      })
      return () => {
        held = undefined
        release()
      }
    },
    get connections() {
      return connections
    },
    cut() {
      line = 'sound'
      delayMs = 0
      breakAll()
    },
    close() {
      breakAll()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
