/**
 * Reads from the text of a Prisma schema what the client's run-time data model leaves out: unique keys, list fields,
 * native types, views and referential actions. Read by `model-graph`, which falls back to the widest assumption for
 * whatever is missing here; and by `schema-data-model`, where there is no client.
 */
export interface SchemaText {
  /** Of the data source: `postgresql`, `sqlite`, … */
  readonly provider?: string
  readonly models: ReadonlyMap<string, ModelText>
  /** Values by enum: their names, and those the database knows them by. */
  readonly enums: ReadonlyMap<string, readonly string[]>
}

export interface ModelText {
  readonly isView: boolean
  /** `@@ignore`: not part of any client. */
  readonly isIgnored: boolean
  /** `@@map("…")` */
  readonly table?: string
  readonly fields: ReadonlyMap<string, FieldText>
  /** `@id` / `@@id` first, then every `@unique` / `@@unique`, in the order of the schema. */
  readonly uniques: readonly UniqueText[]
}

export interface FieldText {
  /** A scalar, an enum or a model; `undefined`: one that clients leave out, `Unsupported("…")` or `@ignore`. */
  readonly type?: string
  readonly isList: boolean
  readonly isRequired: boolean
  /** `Uuid` of `@db.Uuid`. */
  readonly nativeType?: string
  /** `20` of `@db.VarChar(20)`. */
  readonly nativeSize?: number
  readonly relation?: RelationText
  /** `@updatedAt`: Prisma writes it with every update. */
  readonly isUpdatedAt: boolean
  /** The source of `@default(…)`: a literal, or a call. */
  readonly default?: string
}

export interface RelationText {
  readonly name?: string
  readonly from: readonly string[]
  readonly references: readonly string[]
  readonly onDelete?: string
  readonly onUpdate?: string
}

export interface UniqueText {
  /** The property `where` uses for a compound key: its `name`, else its fields joined by `_`. */
  readonly name: string
  readonly fields: readonly string[]
}

export function readSchemaText(source: string): SchemaText {
  const models = new Map<string, ModelText>()
  const enums = new Map<string, readonly string[]>()
  const text = withoutComments(source)
  let provider: string | undefined
  for (const [, keyword, name, start] of blocks(text)) {
    const body = text.slice(start, closingBrace(text, start))
    if (keyword === 'datasource') provider = /^\s*provider\s*=\s*"(\w+)"/m.exec(body)?.[1]
    else if (keyword === 'enum') enums.set(name, readEnum(body))
    else models.set(name, readModel(keyword === 'view', body))
  }
  return { ...(provider && { provider }), models, enums }
}

/** What a schema declares of models, views and enums, word by word; comments, layout, generators and the source of data do not count. */
export function declarations(source: string): string[] {
  const text = withoutComments(source)
  return [...blocks(text)]
    .filter(([, keyword]) => keyword !== 'datasource')
    .map(([header, , , start]) => `${header}${text.slice(start, closingBrace(text, start))}`)
    .map((block) => block.replace(/"(?:\\.|[^"\\])*"|\s+/g, (part) => (part.startsWith('"') ? part : ' ')).trim())
}

function* blocks(text: string): Generator<[header: string, keyword: string, name: string, start: number]> {
  for (const match of text.matchAll(/^[ \t]*(model|view|enum|datasource)\s+(\w+)\s*\{/gm)) {
    yield [match[0], match[1] as string, match[2] as string, match.index + match[0].length]
  }
}

function readEnum(body: string): string[] {
  return logicalLines(body)
    .filter((line) => !line.startsWith('@@'))
    .flatMap((line) => [/^\w+/.exec(line)?.[0], unquote(argumentOf(attributes(line), 'map') ?? '')])
    .filter((name): name is string => Boolean(name))
}

function argumentOf(found: readonly Attribute[], name: string): string | undefined {
  return found.find((attribute) => attribute.name === name)?.args.get('0')
}

function readModel(isView: boolean, body: string): ModelText {
  const fields = new Map<string, FieldText>()
  const ids: UniqueText[] = []
  const uniques: UniqueText[] = []
  let isIgnored = false
  let table = ''
  for (const line of logicalLines(body)) {
    if (line.startsWith('@@')) {
      const attribute = attributes(line)[0]
      isIgnored ||= attribute?.name === 'ignore'
      if (attribute?.name === 'map') table = unquote(attribute.args.get('name') ?? attribute.args.get('0') ?? '')
      if (attribute?.name !== 'id' && attribute?.name !== 'unique') continue
      const columns = nameList(attribute.args.get('fields') ?? attribute.args.get('0') ?? '')
      const name = unquote(attribute.args.get('name') ?? attribute.args.get('1') ?? '') || columns.join('_')
      ;(attribute.name === 'id' ? ids : uniques).push({ name, fields: columns })
      continue
    }
    const head = /^(\w+)\s+(?:Unsupported\("[^"]*"\)|(\w+))(\[\])?(\?)?/.exec(line)
    if (!head) continue
    const name = head[1] as string
    const found = attributes(line.slice(head[0].length))
    const relation = found.find((attribute) => attribute.name === 'relation')
    const native = found.find((attribute) => attribute.name.startsWith('db.'))
    const nativeSize = Number(native?.args.get('0'))
    const byDefault = argumentOf(found, 'default')
    if (found.some((attribute) => attribute.name === 'id')) ids.push({ name, fields: [name] })
    if (found.some((attribute) => attribute.name === 'unique')) uniques.push({ name, fields: [name] })
    const type = found.some((attribute) => attribute.name === 'ignore') ? undefined : head[2]
    fields.set(name, {
      ...(type && { type }),
      isList: head[3] !== undefined,
      isRequired: head[4] === undefined,
      ...(native && { nativeType: native.name.slice(3) }),
      ...(nativeSize > 0 && { nativeSize }),
      ...(relation && { relation: readRelation(relation.args) }),
      isUpdatedAt: found.some((attribute) => attribute.name === 'updatedAt'),
      ...(byDefault !== undefined && { default: byDefault }),
    })
  }
  return { isView, isIgnored, ...(table && { table }), fields, uniques: [...ids, ...uniques] }
}

function readRelation(args: ReadonlyMap<string, string>): RelationText {
  const name = unquote(args.get('name') ?? args.get('0') ?? '')
  const onDelete = args.get('onDelete')
  const onUpdate = args.get('onUpdate')
  return {
    ...(name && { name }),
    from: nameList(args.get('fields') ?? ''),
    references: nameList(args.get('references') ?? ''),
    ...(onDelete && { onDelete }),
    ...(onUpdate && { onUpdate }),
  }
}

interface Attribute {
  readonly name: string
  /** Named arguments by name, positional ones by their index. */
  readonly args: ReadonlyMap<string, string>
}

function attributes(text: string): Attribute[] {
  const found: Attribute[] = []
  const pattern = /@@?([\w.]+)/y
  for (let at = 0; at < text.length; ) {
    if (text[at] === '"') {
      at = endOfString(text, at)
      continue
    }
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (!match) {
      at += 1
      continue
    }
    at = pattern.lastIndex
    let args = ''
    if (text[at] === '(') {
      const end = closing(text, at)
      args = text.slice(at + 1, end)
      at = end + 1
    }
    found.push({ name: match[1] as string, args: readArgs(args) })
  }
  return found
}

function readArgs(text: string): Map<string, string> {
  const args = new Map<string, string>()
  splitTopLevel(text, ',').forEach((part, index) => {
    const named = /^\s*(\w+)\s*:\s*([\s\S]*)$/.exec(part)
    if (named) args.set(named[1] as string, (named[2] as string).trim())
    else args.set(String(index), part.trim())
  })
  return args
}

/** `[a, b(sort: Desc)]` → `a`, `b`. */
function nameList(text: string): string[] {
  const inner = /^\[([\s\S]*)\]$/.exec(text.trim())?.[1]
  if (inner === undefined) return []
  return splitTopLevel(inner, ',')
    .map((part) => /^\s*(\w+)/.exec(part)?.[1])
    .filter((name) => name !== undefined)
}

function unquote(text: string): string {
  return text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : ''
}

function logicalLines(body: string): string[] {
  return splitTopLevel(body, '\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

function splitTopLevel(text: string, separator: string): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"') at = endOfString(text, at) - 1
    else if (char === '(' || char === '[') at = closing(text, at)
    else if (char === separator) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts.filter((part) => part.trim() !== '')
}

/** Index of the bracket that closes the one at `open`; the end of the text when nothing does. */
function closing(text: string, open: number): number {
  let depth = 0
  for (let at = open; at < text.length; at += 1) {
    const char = text[at] as string
    if (char === '"') at = endOfString(text, at) - 1
    else if ('([{'.includes(char)) depth += 1
    else if (')]}'.includes(char) && --depth === 0) return at
  }
  return text.length
}

function closingBrace(text: string, start: number): number {
  return closing(text, start - 1)
}

function endOfString(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '"') return at + 1
  }
  return text.length
}

function withoutComments(source: string): string {
  let text = ''
  for (let at = 0; at < source.length; ) {
    if (source[at] === '"') {
      const end = endOfString(source, at)
      text += source.slice(at, end)
      at = end
    } else if (source.startsWith('//', at)) {
      const end = source.indexOf('\n', at)
      at = end < 0 ? source.length : end
    } else if (source.startsWith('/*', at)) {
      const end = source.indexOf('*/', at + 2)
      at = end < 0 ? source.length : end + 2
    } else text += source[at++]
  }
  return text
}
