import type { EntryInfo, MaskReason } from '../../control/entry-info.ts'
import { EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'
import { bytesText, timeText } from '../table.ts'
import { jsonText } from '../terminal.ts'

const HIDDEN: Readonly<Record<MaskReason, string>> = {
  encrypted: 'hidden: it is encrypted',
  'sensitive-model': 'hidden: it depends on a sensitive model',
  'unknown-models': 'hidden: it may hold rows of a sensitive model',
  unreadable: 'it cannot be read',
}

/** Prints what is known of an entry. */
export async function get(key: string, { value }: { readonly value?: boolean }, session: Session): Promise<number> {
  const { terminal } = session
  const entry = await session.target({ looksOnly: true }).inspect(key, value ?? false)
  if (!entry) {
    if (terminal.isJson) terminal.printJson(null)
    terminal.note('there is no entry under this key')
    return EXIT.found
  }
  if (terminal.isJson) terminal.printJson(entry)
  else for (const line of described(entry)) terminal.print(line)
  return EXIT.ok
}

/** An entry that was invalidated stays where it is until it expires, and looks as it did. */
function lifeText({ freshForMs, isInvalidated }: EntryInfo): string {
  if (isInvalidated) return 'no longer: it was invalidated'
  if (freshForMs <= 0) return 'no longer'
  return isInvalidated === false
    ? timeText(freshForMs)
    : `${timeText(freshForMs)}, unless it was invalidated: a process that has read it knows, see --url`
}

function described(entry: EntryInfo): string[] {
  const { key, model, operation, readAt, tookMs, keptForMs, tags, dependsOn, bytes, value } = entry
  const lines = [
    ['key', key],
    ['of', `${model}.${operation}`],
    ['read at', `${readAt.toISOString()}, in ${timeText(tookMs)}`],
    ['fresh for', lifeText(entry)],
    ['kept for', timeText(keptForMs)],
    ['size', bytesText(bytes)],
    ['depends on', dependsOn ? dependsOn.join(' ') : `${tags} tags`],
  ]
  if (value) lines.push(['value', value.isShown ? value.shape : HIDDEN[value.because]])
  const text = lines.map(([name = '', said = '']) => `${name.padEnd(10)}  ${said}`)
  return value?.isShown ? [...text, ...jsonText(value.value, 2).split('\n')] : text
}
