import type { CacheAdvice, FormAdvice, FormVerdict } from '../../control/advice.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { countText, shareText, table, timeText } from '../table.ts'
import type { Terminal } from '../terminal.ts'

/** Prints what a process has learned about its reads, through its admin API. */
export async function advise({ given, target, terminal }: Session): Promise<number> {
  const asked = given.url === undefined ? undefined : target({ looksOnly: true })
  if (!asked?.advise) {
    throw new CliError(
      EXIT.usage,
      'each process knows only its own reads, and the store knows none of them',
      'Give the `--url` of the admin API of a process, or call `prisma.$cache.advise()` in it.',
    )
  }
  const advice = await asked.advise()
  if (terminal.isJson) {
    terminal.printJson(advice)
    return EXIT.ok
  }
  terminal.note(terminal.paintNote('dim', asked.name))
  for (const line of lines(advice, terminal)) terminal.print(line)
  return EXIT.ok
}

const WHY: Readonly<Record<FormVerdict, string>> = {
  pays: 'pays',
  'written-too-often': 'does not pay: written too often',
  'never-repeated': 'does not pay: never repeated',
  'cheap-query': 'does not pay: cheap query',
  'too-few-reads': 'too few reads yet',
}

function lines({ forms, uncached }: CacheAdvice, { paint }: Terminal): string[] {
  if (forms.length === 0 && uncached.length === 0) return ['Not enough reads yet.']
  const titles = ['form', 'verdict', '>hits', '>misses', '>invalidated', '>saved', '>spent', '>query', '>refused']
  const [head = '', ...rows] = table(
    titles,
    forms.map((form) => [
      nameOf(form),
      WHY[form.verdict],
      countText(form.hits),
      countText(form.misses),
      countText(form.invalidated),
      timeText(form.savedMs),
      timeText(form.spentMs),
      timeText(form.queryMs),
      shareText(form.refusedShare),
    ]),
  )
  const hints = forms.flatMap((form) => form.hints.map((hint) => `  ${nameOf(form)}: ${hint}`))
  const [uncachedHead = '', ...uncachedRows] = table(
    ['reads without a ttl', '>reads', '>writes of the model'],
    uncached.map(({ model, operation, reads, writes }) => [
      `${model}.${operation}`,
      countText(reads),
      countText(writes),
    ]),
  )
  return [
    ...(forms.length > 0 ? [paint('bold', head), ...rows] : []),
    ...(hints.length > 0 ? ['', paint('bold', 'fewer writes would invalidate:'), ...hints] : []),
    ...(uncached.length > 0 ? ['', paint('bold', uncachedHead), ...uncachedRows] : []),
  ]
}

function nameOf({ model, operation, form }: FormAdvice): string {
  return `${model}.${operation}${form === '' ? '' : ` ${form}`}`
}
