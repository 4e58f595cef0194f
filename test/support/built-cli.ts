import { execFile } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/cli/main.mjs')

export interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** The command line as it was built, which must be of the sources as they are now. */
export function builtCli(): string {
  const newest = Math.max(...filesOf(join(root, 'src')).map((file) => statSync(file).mtimeMs))
  if (!existsSync(main) || statSync(main).mtimeMs < newest) {
    throw new Error('dist is older than src: `npm run build`')
  }
  return main
}

/** Runs it to its end, in a process of its own that inherits nothing of the environment but the way to Node. */
export function runCli(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ran> {
  const { PATH = '' } = process.env
  return new Promise((resolve) => {
    const options = { cwd, env: { PATH, ...env }, timeout: 300_000, maxBuffer: 1 << 26 }
    const child = execFile(process.execPath, [builtCli(), ...args], options, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? -1) : 0, stdout, stderr })
    })
    child.stdin?.end()
  })
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
