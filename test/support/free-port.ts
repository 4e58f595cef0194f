import { createServer } from 'node:net'

/**
 * A port nobody listens on, below the range the system hands out for outgoing connections. From inside that range a
 * client that keeps reconnecting to a stopped server can be given the server's own port and end up talking to itself.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = 15_000 + Math.floor(Math.random() * 15_000)
    if (await isFree(port)) return port
  }
  throw new Error('no free port between 15000 and 30000 on 127.0.0.1')
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
