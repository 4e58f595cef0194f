import { anyValuesTag, valuesTag } from '../tags/shape-tags.ts'
import { type Tag, unknownCreatedTag } from '../tags/tag.ts'
import { concealed } from './column-text.ts'
import type { KnownRow } from './known-row.ts'
import type { Model, ModelGraph } from './model-graph.ts'
import { comparesKey, concerns, keyTag, regionTag, type Shape } from './shape.ts'

/** What a write did to a row, or to rows that are alike: the columns known of them, by their texts. */
export interface RowChange {
  readonly kind: 'created' | 'updated' | 'deleted'
  /** `undefined`: they were not there. */
  readonly before: KnownRow | undefined
  /** `undefined`: they are not there any more. */
  readonly after: KnownRow | undefined
  /** Columns an update may have changed; `undefined`: all. */
  readonly changed: ReadonlySet<string> | undefined
}

/** Above this many values that a column may have had, the write is said to know nothing of it. */
const MAX_GUESSES = 16

/** The tags of one shape that a change moves. */
export function movedTags(graph: ModelGraph, model: Model, shape: Shape, change: RowChange): ReadonlySet<Tag> {
  const tags = new Set<Tag>()
  if (change.changed && !concerns(model, shape, change.changed)) return tags
  const { before, after, kind } = change
  if (before && !shape.isOfArrivals) for (const tag of tagsOfRow(graph, model, shape, before, kind)) tags.add(tag)
  if (after) for (const tag of tagsOfRow(graph, model, shape, after, kind)) tags.add(tag)
  return tags
}

/** The tags by which readers of this shape know a row of which these columns are known. */
function tagsOfRow(graph: ModelGraph, model: Model, shape: Shape, row: KnownRow, kind: RowChange['kind']): Tag[] {
  const texts = shape.fields.map(({ name }) => row.get(name))
  if (shape.regions.length > 0) return tagsOfOneRow(model, shape, row, texts, kind)
  if (areKnown(texts)) return [valuesTag(shape, texts)]
  const unknown = shape.fields.flatMap(({ isOptional }, i) => (texts[i] === undefined ? [{ isOptional, i }] : []))
  const [only, ...others] = unknown
  if (only?.isOptional && others.length === 0) return [valuesTag(shape, texts.with(only.i, '*') as readonly string[])]
  const guesses = guessed(graph, model, shape, texts, unknown)
  if (guesses) return guesses
  const isSpared = kind === 'created' && comparesKey(model, shape.fields)
  return [isSpared ? unknownCreatedTag(model.name) : anyValuesTag(shape)]
}

/** By its key where that is known, else by where it belongs. */
function tagsOfOneRow(model: Model, shape: Shape, row: KnownRow, texts: Texts, kind: RowChange['kind']): Tag[] {
  if (areKnown(texts)) return [keyTag(shape, texts)]
  if (kind === 'created') return [unknownCreatedTag(model.name)]
  const region = shape.regions.findIndex((name) => row.get(name) !== undefined)
  return [region < 0 ? anyValuesTag(shape) : regionTag(shape, region, row.get(shape.regions[region] ?? '') ?? '')]
}

type Texts = readonly (string | undefined)[]

function areKnown(texts: Texts): texts is readonly string[] {
  return !texts.includes(undefined)
}

/** All the tags there can be, where the columns that are not known have few values. */
function guessed(
  graph: ModelGraph,
  model: Model,
  shape: Shape,
  texts: Texts,
  unknown: readonly { readonly i: number }[],
): Tag[] | undefined {
  let rows: readonly Texts[] = [texts]
  for (const { i } of unknown) {
    const values = possibleValues(graph, model, shape.fields[i]?.name ?? '')
    if (!values || values.length * rows.length > MAX_GUESSES) return undefined
    rows = rows.flatMap((row) => values.map((value) => row.with(i, value)))
  }
  return rows.map((row) => valuesTag(shape, row as readonly string[]))
}

function possibleValues(graph: ModelGraph, model: Model, name: string): readonly string[] | undefined {
  const field = model.fields.get(name)
  if (field?.isList !== false) return undefined
  const isBoolean = field.type === 'Boolean' && field.kind === 'scalar'
  const texts = isBoolean ? ['true', 'false'] : field.kind === 'enum' ? field.values : undefined
  return texts && [...texts.map((text) => concealed(graph, text)), '']
}
