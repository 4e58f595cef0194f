import { columnText } from '../../../src/query/column-text.ts'

/** Tags as they are written in a table: sorted, and with each of `texts` in the place of its digest, as `‹text›`. */
export function readable(tags: Iterable<string>, texts: readonly string[]): string[] {
  const names = new Map(texts.map((text) => [digestOf(text), `‹${text}›`]))
  return [...tags].map((tag) => tag.replace(/(?<==)[\w-]{22}(?=$|&)/g, (digest) => names.get(digest) ?? digest)).sort()
}

/** How a text stands in a tag: operators read the keys of a store, and e-mail addresses do not belong there. */
function digestOf(text: string): string | undefined {
  const field = { name: 'key', kind: 'scalar', type: 'String', isList: false } as const
  return columnText({ provider: 'postgresql', models: new Map() }, field, text)
}
