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
 * - `#active_users`          a tag of the application's own
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

/** The mark keeps a tag called `User` apart from the model. */
export function userTag(name: string): Tag {
  return `#${name}`
}

/** Everything a write that may have touched any row of the model must move. */
export function wholeModel(model: string): readonly Tag[] {
  return [modelTag(model), unknownRowsTag(model), unknownCreatedTag(model), everyShapeTag(model)]
}

/** The model a tag belongs to; `undefined` for a tag of the application's own. */
export function modelOf(tag: Tag): string | undefined {
  if (tag.startsWith('#')) return undefined
  const end = tag.search(/[:?]/)
  return end < 0 ? tag : tag.slice(0, end)
}
