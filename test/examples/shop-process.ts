import { spawn } from 'node:child_process'

export interface ShopProcess {
  readonly url: string
  /** As a process manager ends it. Answers how it went. */
  stop(): Promise<{ code: number | null; output: string }>
}

/** `npm run example:shop`, on any free port and the embedded default. */
export function startShop(): Promise<ShopProcess> {
  const { REDIS_URL: _, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/shop-api/main.ts'], {
    env: { ...env, PORT: '0' },
  })
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer) => {
      output += chunk
      const url = /http:\/\/localhost:\d+/.exec(output)?.[0]
      if (url) resolve({ url, stop })
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', reject)
    ended.then((code) => reject(new Error(`the shop ended with ${code}\n${output}`)))
  })

  async function stop() {
    child.kill('SIGTERM')
    return { code: await ended, output }
  }
}
