/**
 * A tag names something an entry depends on. One spelling for readers and writers of every process:
 *
 * - `Post`                   any row of the model: moved by every write to it
 * - `Post:*`                 rows that could not be named: moved by a write that cannot say which rows it touched
 * - `Post:id=1`              one row, by one of its unique keys
 * - `Post:+`                 rows that came to exist under keys that could not be told; absence depends on it
 * - `Post?*`                 every shape of the model: moved by a write that cannot say which shapes it touched
 * - `Post?authorId=*&a1b2c3` one shape, whatever the values; see `shape-tags.ts`
 * - `Post?authorId=5&a1b2c3` the rows of one shape with these values
 * - `#active_users`          a tag of the application's own; `#user:5` lies under `#user`
 * - `@catalog`               a namespace of the application's own
 * - `%x7Yw…`, `%x7Yw…#team`  all that was asked in one scope, or what of it depends on a tag; see `scope-tags.ts`
 * - `=user:1`                a value of the application's own, by its key: moved when it is deleted or written over
 */
export type Tag = string

export function modelTag(model: string): Tag {
  return model
}

export function unknownRowsTag(model: string): Tag {
  return `${model}:*`
}

export function unknownCreatedTag(model: string): Tag {
  return `${model}:+`
}

export function everyShapeTag(model: string): Tag {
  return `${model}?*`
}

/** `values` holds a field and its canonical text for each column of the key, in the key's order. */
export function rowTag(model: string, values: readonly (readonly [field: string, text: string])[]): Tag {
  return `${model}:${values.map(([field, text]) => `${field}=${text}`).join('&')}`
}

/** Levels of a name that are told apart. What lies deeper is taken for its eighth level: coarser, never stale. */
const MAX_LEVELS = 8

/** What is moved to invalidate the name and all that lies under it. The mark keeps a tag called `User` apart from the model. */
export function userTag(name: string): Tag {
  return path('#', name).at(-1) as Tag
}

/** As `userTag`, of a namespace. */
export function namespaceTag(name: string): Tag {
  return path('@', name).at(-1) as Tag
}

/**
 * What a read of that name depends on: its own tag, and those it lies under, `a:b:c` under `a:b` and `a`. Readers look up
 * a few tags more, so that whoever invalidates moves one, and need not know what there is below it.
 */
export function userTags(name: string): readonly Tag[] {
  return path('#', name)
}

/** As `userTags`, of a namespace. */
export function namespaceTags(name: string): readonly Tag[] {
  return path('@', name)
}

/** From the top down. */
function path(mark: string, name: string): Tag[] {
  const tags: Tag[] = []
  for (let end = name.indexOf(':', 1); end > 0 && tags.length < MAX_LEVELS; end = name.indexOf(':', end + 1)) {
    tags.push(mark + name.slice(0, end))
  }
  if (tags.length < MAX_LEVELS) tags.push(mark + name)
  return tags
}

export function valueTag(key: string): Tag {
  return `=${key}`
}

/** The key of the value whose tag this is; `undefined` for tags of other kinds. */
export function valueKey(prefix: string, tag: Tag): string | undefined {
  return tag.startsWith('=') ? `${prefix}data:${tag.slice(1)}` : undefined
}

/** Everything a write that may have touched any row of the model must move. */
export function wholeModel(model: string): readonly Tag[] {
  return [modelTag(model), unknownRowsTag(model), unknownCreatedTag(model), everyShapeTag(model)]
}

/** The model a tag belongs to; `undefined` for a tag, a namespace, a value or a scope of the application's own. */
export function modelOf(tag: Tag): string | undefined {
  if (/^[#@=%]/.test(tag)) return undefined
  const end = tag.search(/[:?]/)
  return end < 0 ? tag : tag.slice(0, end)
}
