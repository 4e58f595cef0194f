import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { CliError, EXIT } from './exit-codes.ts'

type Style = Parameters<typeof styleText>[0]

/** Where a command writes: data to `out`, everything else to `err`, so that pipes carry data alone. */
export interface Terminal {
  readonly isJson: boolean
  /** Lines of data. */
  print(text: string): void
  /** The whole answer, as JSON. */
  printJson(value: unknown): void
  /** A remark for people. */
  note(text: string): void
  /** Styled where `out` shows it. */
  paint(style: Style, text: string): string
  /** Styled where `err` shows it. */
  paintNote(style: Style, text: string): string
  /** @throws CliError without a yes: from nobody, where nobody can be asked. */
  confirm(question: string, yes: boolean): Promise<void>
  readonly isLive: boolean
}

interface Streams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
}

export function terminal(isJson: boolean, { stdin, stdout, stderr, env }: Streams = process): Terminal {
  const shows = (stream: NodeJS.WriteStream) => {
    const { NO_COLOR, FORCE_COLOR, TERM } = env
    if (NO_COLOR) return false
    return FORCE_COLOR ? FORCE_COLOR !== '0' : stream.isTTY === true && TERM !== 'dumb'
  }
  const painter = (stream: NodeJS.WriteStream) => (style: Style, text: string) =>
    shows(stream) ? styleText(style, text, { validateStream: false }) : text
  return {
    isJson,
    print: (text) => stdout.write(`${text}\n`),
    printJson: (value) => stdout.write(`${jsonText(value)}\n`),
    note: (text) => stderr.write(`${text}\n`),
    paint: painter(stdout),
    paintNote: painter(stderr),
    isLive: stdout.isTTY === true,
    async confirm(question, yes) {
      if (yes) return
      if (!stdin.isTTY || !stderr.isTTY) {
        throw new CliError(EXIT.usage, 'there is nobody to ask', 'Say `--yes` to go ahead.')
      }
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        const said = await lines.question(`${question} ${painter(stderr)('dim', '[y/N]')} `)
        if (!/^y(es)?$/i.test(said.trim())) throw new CliError(EXIT.usage, 'nothing was done')
      } finally {
        lines.close()
      }
    },
  }
}

/** JSON has no word for some numbers, and dates are text. */
export function jsonText(value: unknown, indent?: number): string {
  const replaced = (_: string, one: unknown) =>
    typeof one === 'bigint' || (typeof one === 'number' && !Number.isFinite(one)) ? String(one) : one
  return JSON.stringify(value, replaced, indent)
}
