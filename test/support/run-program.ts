import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs a program to its end; an error says what it printed. */
export async function runProgram(
  program: string,
  args: string[],
  options: { cwd: string; uid?: number; gid?: number },
): Promise<void> {
  try {
    await promisify(execFile)(program, args, options)
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} failed\n${stdout}${stderr}`, { cause: error })
  }
}
