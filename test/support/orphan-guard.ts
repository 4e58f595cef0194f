import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * Removes the folder, and ends the process that works in it, should this process die without having done so: a killed
 * test run must leave nothing behind. The guard is a shell that reads from a pipe; its end without a word means that
 * we are gone.
 */
export function guardAgainstOrphan(folder: string, pid?: number): { release(): void } {
  const end = 'if [ -n "$1" ]; then kill -QUIT "$1"; sleep 1; kill -KILL "$1"; fi; rm -rf "$0"'
  const guard = spawn('/bin/sh', ['-c', `read -r _ || { ${end}; }`, folder, ...(pid ? [`${pid}`] : [])], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of our process group: Ctrl-C is for the tests, the guard comes after them.
    detached: true,
  })
  guard.unref()
  const pipe = guard.stdin as Socket
  pipe.unref()
  pipe.on('error', () => {})
  return { release: () => void pipe.end('released\n') }
}
