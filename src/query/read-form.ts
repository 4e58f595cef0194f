import { canonicalArgs } from './canonical-args.ts'
import { canonicalText, isDecimal, isFieldReference, isPlainObject, orderedText, quoted } from './canonical-text.ts'
import { columnText, hasColumnText } from './column-text.ts'
import { type Field, isConnective, type Model, type ModelGraph, relationFilterKey } from './model-graph.ts'
import { Slot, type SlottedText, slotted } from './slot.ts'

type Args = Readonly<Record<string, unknown>>

/** What reads have in common that are planned alike: their arguments without the values that conditions compare with. */
export interface ReadForm {
  /** Equal only for arguments that are planned alike. */
  readonly text: string
  /** The values that conditions compare with, by their canonical texts: with the form they are the whole query. */
  readonly values: readonly string[]
  /** The text that tags have of each value; `''` of a value that no tag holds. */
  tagTexts(): readonly string[]
}

/**
 * The form of a read's arguments; `undefined` where the values themselves decide how it is planned. Everything that is
 * not known to be without influence is part of the text: two forms for one plan cost time, one form for two plans would
 * let a read depend on too little.
 *
 * @throws UnsupportedArgument
 */
export function readForm(graph: ModelGraph, model: Model, args: Args): ReadForm | undefined {
  const walk = new FormWalk(graph, false)
  walk.args(model, args)
  return walk.isPossible ? walk : undefined
}

export interface SlottedForm {
  /** The same arguments with slots in the place of the form's values. */
  readonly args: Args
  /** Their canonical text; `undefined` where values decide the order of its parts. */
  readonly text: SlottedText | undefined
  /** The names in them, for people to read; no value. */
  readonly title: string
}

export function slottedForm(graph: ModelGraph, model: Model, args: Args): SlottedForm {
  const walk = new FormWalk(graph, true)
  const copy = walk.args(model, args)
  const text = walk.isOrdered ? slotted(canonicalArgs(graph, model, copy)) : undefined
  return { args: copy, text, title: walk.title.slice(1, -1) }
}

/** Neither begins the canonical text of any value. */
const ANY_VALUE = '$'
const NAMED_VALUE = '%'
const UNNAMED_VALUE = '&'

/** Goes where `conjunctions` finds values, and `readPlaces` columns. */
class FormWalk implements ReadForm {
  text = ''
  /** Its keys, for people to read; no value. Of a walk that copies. */
  title = ''
  readonly values: string[] = []
  isPossible = true
  /** `false`: the canonical text has a set of values, or of parts with values, which it sorts. */
  isOrdered = true
  /** As `values`: the columns that must equal them, and what they must equal. */
  readonly #fields: (Field | undefined)[] = []
  readonly #given: unknown[] = []
  readonly #graph: ModelGraph
  readonly #copies: boolean

  constructor(graph: ModelGraph, copies: boolean) {
    this.#graph = graph
    this.#copies = copies
  }

  tagTexts(): readonly string[] {
    return this.#fields.map((field, i) => (field && columnText(this.#graph, field, this.#given[i])) ?? '')
  }

  args(model: Model, args: Args): Args {
    return this.#object(args, (key, value) => {
      if (key === 'where' || key === 'cursor') return this.#where(model, value)
      return key === 'select' || key === 'include' ? this.#selection(model, value) : this.#literal(value)
    })
  }

  #selection(model: Model, selection: unknown): unknown {
    if (!isPlainObject(selection)) return this.#literal(selection)
    return this.#object(selection, (key, value) => {
      const field = model.fields.get(key)
      const target = field?.kind === 'relation' ? this.#graph.models.get(field.type) : undefined
      return target && isPlainObject(value) ? this.args(target, value) : this.#literal(value)
    })
  }

  #where(model: Model, where: unknown): unknown {
    if (!isPlainObject(where)) return this.#literal(where)
    return this.#object(where, (key, value) => this.#condition(model, key, value))
  }

  #condition(model: Model, key: string, value: unknown): unknown {
    if (isConnective(model, key)) return this.#branches(model, key, value)
    const field = model.fields.get(key)
    if (field) return field.kind === 'relation' ? this.#relation(field, value) : this.#filter(field, value)
    const isKey = model.uniques?.some(({ name }) => name === key) === true
    return isKey ? this.#where(model, value) : this.#literal(value)
  }

  #branches(model: Model, key: string, branches: unknown): unknown {
    if (!Array.isArray(branches)) return this.#where(model, branches)
    // Branches that say the same are one: that is for the values to decide.
    if (key === 'OR' && branches.length > 1) this.isPossible = false
    if (branches.length > 1) this.isOrdered = false
    return this.#list(branches, (branch) => this.#where(model, branch))
  }

  #relation(field: Field, filter: unknown): unknown {
    const target = this.#graph.models.get(field.type)
    if (!target || !isPlainObject(filter)) return this.#literal(filter)
    return this.#object(filter, (key, value) => {
      const meaning = relationFilterKey(field, target, key)
      if (meaning === 'either') this.isPossible = false
      return meaning === 'quantifier' ? this.#where(target, value) : this.#condition(target, key, value)
    })
  }

  #filter(field: Field, filter: unknown): unknown {
    if (field.isList !== false || field.type === 'Json') return this.#literal(filter)
    if (!isPlainObject(filter)) return this.#equal(field, filter)
    return this.#object(filter, (key, value) => {
      if (key === 'equals') return this.#equal(field, value)
      // Values that are the same are one.
      if (key === 'in') this.isPossible = false
      return this.#compared(value)
    })
  }

  /** A value that a column must equal: tags hold its text, if it has one. */
  #equal(field: Field, value: unknown): unknown {
    if (!isSingle(value)) return this.#literal(value)
    // Nothing but NULL is spelt by no text at all.
    if (value === '' && field.kind === 'enum') return this.#literal(value)
    const isNamed = hasColumnText(this.#graph, field, value)
    this.text += isNamed ? NAMED_VALUE : UNNAMED_VALUE
    return this.#slot(value, isNamed ? field : undefined)
  }

  #slot(value: unknown, field: Field | undefined): unknown {
    this.values.push(canonicalText(value))
    this.#fields.push(field)
    this.#given.push(value)
    return this.#copies ? new Slot(this.values.length - 1, field) : value
  }

  /** A value of another comparison: no tag holds it. What refers to a column is no value. */
  #compared(value: unknown): unknown {
    if (Array.isArray(value)) {
      this.isOrdered = false
      return this.#list(value, (one) => this.#compared(one))
    }
    if (isPlainObject(value)) return this.#object(value, (_, member) => this.#compared(member))
    if (!isSingle(value)) return this.#literal(value)
    this.text += ANY_VALUE
    return this.#slot(value, undefined)
  }

  #literal(value: unknown): unknown {
    this.text += orderedText(value)
    return value
  }

  #list(list: readonly unknown[], each: (value: unknown) => unknown): unknown {
    this.text += '['
    const copy: unknown[] = []
    for (const value of list) {
      copy.push(each(value))
      this.text += ','
    }
    this.text += ']'
    return copy
  }

  #title(word: string): void {
    if (this.title.length > MAX_TITLE) return
    this.title += /\w$/.test(this.title) && /^\w/.test(word) ? ` ${word}` : word
  }

  /** Keys in their own order, and those that are `undefined` too: planning may tell them apart. */
  #object(value: Args, each: (key: string, member: unknown) => unknown): Args {
    if (this.#copies) return this.#copied(value, each)
    this.text += '{'
    for (const key of Object.keys(value)) {
      if (!this.isPossible) break
      const member = value[key]
      this.text += `${quoted(key)}:`
      if (member === undefined) this.#literal(member)
      else each(key, member)
      this.text += ','
    }
    this.text += '}'
    return value
  }

  #copied(value: Args, each: (key: string, member: unknown) => unknown): Args {
    this.#title('{')
    const copy: Record<string, unknown> = Object.create(null)
    for (const key of Object.keys(value)) {
      const member = value[key]
      if (member !== undefined) this.#title(key)
      copy[key] = member === undefined ? member : each(key, member)
    }
    this.#title('}')
    return copy
  }
}

const MAX_TITLE = 160

/** One value, however it is spelt: what it is may matter to its text, and to nothing else. */
function isSingle(value: unknown): boolean {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return true
    case 'object':
      return (
        value instanceof Date ||
        value instanceof Uint8Array ||
        (value !== null && isDecimal(value) && !isFieldReference(value))
      )
    default:
      return false
  }
}
