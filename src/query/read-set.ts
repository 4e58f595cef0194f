import type { Coarseness, Dependency, Precision } from '../dependency.ts'
import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, modelTag, rowTag, type Tag, unknownCreatedTag, unknownRowsTag } from '../tags/tag.ts'
import type { Conjunction } from './conditions.ts'
import { type Derivation, derivation } from './derived-tags.ts'
import type { Model, ModelGraph, UniqueKey } from './model-graph.ts'
import { type Obstacle, type Place, readPlaces, type Yields } from './read-places.ts'
import { pinningKey } from './row-key.ts'
import { comparesKey, shapeOf, showsAll, valueTags } from './shape.ts'

export interface PrecisionRules {
  readonly of: (model: string) => Precision
  /** Why it is no finer. @default 'option' */
  readonly because?: ((model: string) => Coarseness) | undefined
  /** Most tags one read may depend on; above it, it depends on shapes of fewer columns, then on models. */
  readonly maxTags: number
  /** Most tags that are told by the result alone. */
  readonly maxRowTags: number
}

/** What a read depends on for one place where it meets a model. */
export interface Part {
  readonly tags: readonly Tag[]
  /** How its result may tell of finer tags to depend on instead. */
  readonly derivation?: Derivation | undefined
}

/** What a read depends on and what its result contains, known from its arguments alone, before any I/O. */
export interface ReadSet {
  readonly tags: ReadonlySet<Tag>
  /** The same, place by place. */
  readonly parts: readonly Part[]
  /** Shapes among them: writers must know of these before the database is asked. */
  readonly shapes: readonly ShapeKey[]
  /** What a result of `null` depends on besides: a row that comes to exist. */
  readonly absence: readonly Tag[]
  /** Every model the result depends on. */
  readonly models: ReadonlySet<Model>
  readonly returned: ReadonlyMap<Model, ReadonlySet<string>>
  readonly obstacle?: Obstacle | undefined
  readonly dependencies: () => readonly Dependency[]
}

export function readSet(
  graph: ModelGraph,
  model: Model,
  args: Readonly<Record<string, unknown>>,
  yields: Yields,
  rules: PrecisionRules,
): ReadSet {
  const { places, returned, obstacle } = readPlaces(graph, model, args, yields)
  const plans = places.map((place, i) => planOf(place, rules, i === 0 && yields === 'row' && !args['skip']))
  withinBounds(plans, rules.maxTags)
  const parts = plans.map(({ place, precision, tags }): Part => {
    const isWhole = precision === 'tags' || precision === 'model'
    const derived = isWhole ? undefined : derivation(graph, place, places, rules.maxRowTags)
    const isAllowed = derived?.rows?.arePinned || rules.of(place.model.name) === 'shape'
    return { tags, derivation: isAllowed ? derived : undefined }
  })
  return {
    tags: new Set(plans.flatMap(tagsOf)),
    parts,
    shapes: unique([
      ...plans.flatMap((plan) => (plan.precision === 'shape' ? plan.shapes : [])),
      ...parts.flatMap((part) => part.derivation?.shapes ?? []),
    ]),
    absence: plans.flatMap((plan) => (plan.precision === 'model' ? [] : plan.absence)),
    models: new Set(places.map((place) => place.model)),
    returned,
    obstacle,
    // For whoever wants to be told: it takes as long as the rest of a plan.
    dependencies: () => plans.map(dependencyOf),
  }
}

function dependencyOf({ place, precision, rows, shapes, because }: Plan): Dependency {
  const showsNone = precision === 'tags' || precision === 'model' || (precision === 'row' && shapes.length === 0)
  return {
    model: place.model.name,
    precision,
    fields: [...new Set(rows.flatMap((row) => [...row.keys()]))].sort(),
    columns: showsNone || showsAll(place.model, place.columns) ? undefined : [...place.columns].sort(),
    because,
  }
}

/** How one place is going to be depended on; coarsened step by step where there are too many tags. */
interface Plan {
  readonly place: Place
  precision: Precision
  rows: readonly Conjunction[]
  shapes: readonly ShapeKey[]
  tags: readonly Tag[]
  absence: readonly Tag[]
  because?: Coarseness | undefined
}

function planOf(place: Place, rules: PrecisionRules, yieldsOne: boolean): Plan {
  const { model } = place
  const precision = rules.of(model.name)
  const because = rules.because?.(model.name) ?? 'option'
  if (precision === 'tags') return { place, precision, rows: [], shapes: [], tags: [], absence: [], because }
  if (precision === 'model') return modelPlan(place, because)
  if (!model.uniques) return modelPlan(place, 'schema-unknown')
  const keys = place.rows.map((row) => pinningKey(model, row))
  const isPinned = keys.every((key) => key !== undefined)
  if (precision === 'row' && !isPinned) return modelPlan(place, because)
  const tags: Tag[] = []
  const shapes: ShapeKey[] = []
  if (isPinned && (precision === 'row' || showsAll(model, place.columns))) {
    tags.push(unknownRowsTag(model.name))
    for (const [i, row] of place.rows.entries()) {
      tags.push(
        rowTag(
          model.name,
          (keys[i] as UniqueKey).fields.map(({ name }) => [name, row.get(name) as string]),
        ),
      )
    }
    return { place, precision: 'row', rows: place.rows, shapes, ...withAbsence(tags) }
  }
  return shapePlan(place, place.rows, isPinned, yieldsOne)

  function withAbsence(all: Tag[]) {
    return absent(model, all, yieldsOne && place.rows.length === 1)
  }
}

function shapePlan(place: Place, rows: readonly Conjunction[], isPinned: boolean, yieldsOne: boolean): Plan {
  const { model } = place
  const tags: Tag[] = [everyShapeTag(model.name)]
  const shapes: ShapeKey[] = []
  let isByKey = false
  for (const row of rows) {
    const shape = shapeOf(model, row, place.columns)
    shapes.push({ model: shape.model, text: shape.text })
    tags.push(anyValuesTag(shape), ...valueTags(shape, row))
    isByKey ||= comparesKey(model, shape.fields)
  }
  const isOne = isPinned && yieldsOne && rows.length === 1
  const end = isByKey ? absent(model, tags, isOne) : { tags, absence: [] }
  return { place, precision: 'shape', rows, shapes: unique(shapes), ...end }
}

/**
 * A row that comes to exist under a unique key cannot matter to a result in which the row of that key is there; only
 * where nothing was found does the result depend on rows whose keys nobody could tell.
 */
function absent(model: Model, tags: Tag[], onlyIfNull: boolean): { tags: readonly Tag[]; absence: readonly Tag[] } {
  const created = unknownCreatedTag(model.name)
  return onlyIfNull ? { tags, absence: [created] } : { tags: [...tags, created], absence: [] }
}

function modelPlan(place: Place, because: Coarseness): Plan {
  const tags = [modelTag(place.model.name)]
  return { place, precision: 'model', rows: [], shapes: [], tags, absence: [], because }
}

const tagsOf = (plan: Plan) => plan.tags

function withinBounds(plans: Plan[], maxTags: number): void {
  const count = () => new Set(plans.flatMap(tagsOf)).size
  // What depends on the whole model in one place does not gain from precision in another.
  const subsume = () => {
    const whole = new Set(plans.filter(({ precision }) => precision === 'model').map(({ place }) => place.model))
    for (const plan of plans) {
      if (plan.precision !== 'model' && whole.has(plan.place.model)) {
        Object.assign(plan, modelPlan(plan.place, 'model-elsewhere'))
      }
    }
  }
  subsume()
  while (count() > maxTags) {
    const largest = plans.reduce((one, other) => (other.tags.length > one.tags.length ? other : one))
    if (largest.precision === 'model') return
    const fewer = largest.precision === 'shape' ? withoutLists(largest.rows) : undefined
    if (fewer) Object.assign(largest, shapePlan(largest.place, fewer, false, false), { because: 'too-many-tags' })
    else Object.assign(largest, modelPlan(largest.place, 'too-many-tags'))
    subsume()
  }
}

/** One conjunction of what all of them agree on; `undefined` when there is but one already. */
function withoutLists(rows: readonly Conjunction[]): readonly Conjunction[] | undefined {
  const [first, ...others] = rows
  if (!first || others.length === 0) return undefined
  return [new Map([...first].filter(([name, text]) => others.every((other) => other.get(name) === text)))]
}

function unique(shapes: readonly ShapeKey[]): ShapeKey[] {
  return [...new Map(shapes.map((shape) => [`${shape.model}?${shape.text}`, shape])).values()]
}
