import { styleText } from 'node:util'

export const WIDTH = 100

const colours = process.stdout.isTTY === true && !process.env['NO_COLOR']

type Style = Parameters<typeof styleText>[0]
const style = (format: Style) => (text: string) => (colours ? styleText(format, text) : text)

export const bold = style('bold')
export const dim = style('dim')
export const green = style('green')
export const red = style('red')
export const yellow = style('yellow')

export function heading(title: string, remark = ''): void {
  console.log(`\n${bold(title)}${remark && dim(`  ${remark}`)}\n${dim('─'.repeat(WIDTH))}`)
}

export function timed(what: string, since: number): void {
  console.log(`${what} ${dim(`in ${((performance.now() - since) / 1000).toFixed(1)} s`)}`)
}

/** Cut or filled to exactly `width` columns. Colour afterwards: escape codes count as columns here. */
export function left(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width)
}

export function right(text: string | number, width: number): string {
  return (typeof text === 'number' ? text.toLocaleString('en') : text).padStart(width)
}
