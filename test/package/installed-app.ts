import { type ExecFileException, execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** An application with the packed package and these others in its `node_modules`, as real folders, with all they need. */
export async function installedApp(others: readonly string[]): Promise<string> {
  if (!existsSync(join(root, 'dist'))) throw new Error('there is no dist: `npm run build` comes first')
  const app = mkdtempSync(join(tmpdir(), 'query-cache-bundle-'))
  const manifest = readManifest(root)
  const installed = join(app, 'node_modules', manifest.name)
  mkdirSync(installed, { recursive: true })
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', app], root)
  await run('tar', ['-xzf', join(app, JSON.parse(stdout)[0].filename), '-C', installed, '--strip-components=1'], app)
  for (const name of [...Object.keys(manifest.dependencies ?? {}), ...others]) copy(name, app)
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true }))
  return app
}

/** With what it depends on. The repository's `node_modules` is flat as far as they go. */
function copy(name: string, app: string): void {
  const to = join(app, 'node_modules', name)
  if (existsSync(to)) return
  cpSync(join(root, 'node_modules', name), to, { recursive: true, dereference: true })
  for (const dependency of Object.keys(readManifest(to).dependencies ?? {})) copy(dependency, app)
}

function readManifest(folder: string): { readonly name: string; readonly dependencies?: Record<string, string> } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

/** Rejects with all that was printed. */
export function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { cwd, env, maxBuffer: 1 << 26 }, (error: ExecFileException | null, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }))
      else resolve({ stdout, stderr })
    })
  })
}
