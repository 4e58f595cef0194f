import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Copy, DockerfileParser, type From, type Instruction } from 'dockerfile-ast'
import { root, textOf } from './files.ts'

const WORKDIR = '/app'
const BUILT = '/source/examples/deploy/dist/shop'

export const stages: readonly (readonly Instruction[])[] = DockerfileParser.parse(textOf('Dockerfile'))
  .getInstructions()
  .reduce<Instruction[][]>((all, instruction) => {
    if (instruction.getKeyword() === 'FROM') all.push([])
    all.at(-1)?.push(instruction)
    return all
  }, [])
export const lastStage = stages.at(-1) as readonly Instruction[]
export const stageNames = stages.map(([from]) => (from as From).getBuildStage())

export function argumentsOf(instruction: Instruction): readonly string[] {
  return instruction.getArguments().map((argument) => argument.getValue())
}

/** The command that the image is started with, or asked how it is, as it is executed. */
export function commandOf(keyword: 'CMD' | 'HEALTHCHECK'): readonly string[] {
  const text = lastStage.find((one) => one.getKeyword() === keyword)?.getRawArgumentsContent() ?? ''
  // A shell in between would be sent the signals, and keep them: only the form without one is understood.
  return JSON.parse(/\[.*\]$/.exec(text)?.[0] ?? 'null')
}

export interface Image {
  /** What is under `/app` in it. */
  readonly folder: string
  /** Files the application was made of, from the root of the repository. */
  readonly sources: readonly string[]
  remove(): void
}

/**
 * What the last stage of the `Dockerfile` holds, without its operating system: the build is run, and the lines that say
 * `COPY --from` are followed. Of the dependencies those are there that `package.json` beside it names, and no others.
 */
export async function assembleImage(): Promise<Image> {
  const place = mkdtempSync(join(tmpdir(), 'query-cache-image-'))
  const remove = () => rmSync(place, { recursive: true, force: true })
  try {
    const built = join(place, 'built')
    const build = ['--import', 'tsx', 'examples/deploy/build.ts', built]
    await promisify(execFile)(process.execPath, build, { cwd: root })
    const folder = join(place, 'app')
    for (const copy of lastStage.filter((one) => one.getKeyword() === 'COPY')) {
      const [from = '', to = ''] = argumentsOf(copy)
      const stage = (copy as Copy).getFromFlag()?.getValue()
      const target = join(folder, to)
      mkdirSync(dirname(target), { recursive: true })
      if (stage === 'dependencies' && from === `${WORKDIR}/node_modules`) linkDependencies(target)
      else if (stage === 'build' && from === BUILT) cpSync(built, target, { recursive: true })
      else if (stage === 'build' && from.startsWith('/source/'))
        cpSync(join(root, from.slice('/source/'.length)), target, { recursive: true })
      else throw new Error(`what is copied from ${stage} ${from} is not known here`)
    }
    const map: { readonly sources: readonly string[] } = JSON.parse(readFileSync(join(built, 'main.mjs.map'), 'utf8'))
    return { folder, sources: map.sources.map((source) => join(built, source)), remove }
  } catch (error) {
    remove()
    throw error
  }
}

function linkDependencies(folder: string): void {
  for (const name of Object.keys(JSON.parse(textOf('package.json')).dependencies)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(folder, name))
  }
}
