import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
// In your project: from 'prisma-extension-query-cache/admin'.
import { adminHandler, bearerToken, nodeListener } from '../../src/admin/index.ts'
import { cached, plain } from './clients.ts'
import { load } from './load.ts'
import { bold, dim } from './terminal.ts'

/** Serves the dashboard on live load until Ctrl-C, or for so many seconds. */
export async function dashboard(seconds: number | undefined): Promise<void> {
  // In a project of yours this is a secret of the environment.
  const token = randomBytes(18).toString('base64url')
  const admin = adminHandler(cached.$cache, { authorize: bearerToken(token, { actor: 'demo' }), showValues: true })
  const server = createServer(nodeListener(admin)).listen(Number(process.env['PORT'] ?? 0), '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/#token=${token}`
  console.log(`\n${bold('Dashboard')} ${url}\n${dim('live, on made-up load; Ctrl-C ends it')}`)
  if (process.stdout.isTTY) openInBrowser(url)

  const ended = new AbortController()
  const end = () => {
    if (!ended.signal.aborted) console.log(dim('the load ends, and the cache is cleared'))
    ended.abort()
  }
  // Not `once`: whoever starts it, tsx or npm, may pass on what the terminal has sent already.
  process.on('SIGINT', end).on('SIGTERM', end)
  // A timer of our own: the signal of `AbortSignal.timeout` may be collected before it is due where `any` alone holds it.
  const timer = seconds === undefined ? undefined : setTimeout(end, seconds * 1000)
  await load(ended.signal)
  clearTimeout(timer)

  admin.close()
  server.close()
  server.closeAllConnections()
  await cached.$cache.clear()
  await Promise.all([cached.$cache.disconnect(), cached.$disconnect(), plain.$disconnect()])
}

function openInBrowser(url: string): void {
  const opener = { darwin: 'open', win32: 'explorer' }[process.platform as string] ?? 'xdg-open'
  // Where there is none, the address above is there to be clicked on.
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref()
}
