import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { CliError, EXIT } from './exit-codes.ts'

type Style = Parameters<typeof styleText>[0]

/** Where a command writes: data to `out`, everything else to `err`, so that pipes carry data alone. */
export interface Terminal {
  readonly isJson: boolean
  /** A line of data. What would move the cursor or end the line is shown as its escape, unless `paint` made it. */
  print(text: string): void
  /** The whole answer, as JSON. */
  printJson(value: unknown): void
  /** A remark for people, a line; as `print`. */
  note(text: string): void
  /** Empties the screen, where there is one. */
  clear(): void
  /** Styled where `out` shows it. */
  paint(style: Style, text: string): string
  /** Styled where `err` shows it. */
  paintNote(style: Style, text: string): string
  /** @throws CliError without a yes: from nobody, where nobody can be asked. */
  confirm(question: string, yes: boolean): Promise<void>
  readonly isLive: boolean
}

const ESC = '\u001b'
/** Stands for the escapes of `paint` until they are written: nobody who names a key can guess it. */
const OWN_ESC = `~${randomUUID()}~`

/** Controls (C0, DEL, C1), line ends of Unicode, and what changes the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Names of keys, tags and models come from whoever may write to the store: on a terminal they must stay text. */
function escaped(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
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
    shows(stream) ? styleText(style, escaped(text), { validateStream: false }).replaceAll(ESC, OWN_ESC) : text
  const line = (text: string) => `${escaped(text).replaceAll(OWN_ESC, ESC)}\n`
  return {
    isJson,
    print: (text) => stdout.write(line(text)),
    printJson: (value) => stdout.write(line(jsonText(value))),
    note: (text) => stderr.write(line(text)),
    clear: () => void (stdout.isTTY && stdout.write(`${ESC}[H${ESC}[2J${ESC}[3J`)),
    paint: painter(stdout),
    paintNote: painter(stderr),
    isLive: stdout.isTTY === true,
    async confirm(question, yes) {
      if (yes) return
      if (!stdin.isTTY || !stderr.isTTY) {
        throw new CliError(EXIT.usage, 'this is not a terminal, so nobody can confirm', 'Use `--yes`.')
      }
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        const said = await lines.question(
          `${escaped(question)} ${painter(stderr)('dim', '[y/N]').replaceAll(OWN_ESC, ESC)} `,
        )
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
