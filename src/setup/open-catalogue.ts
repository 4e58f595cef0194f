import { withHints } from '../catalogue/apply-catalogue.ts'
import { dialectOf } from '../catalogue/dialects.ts'
import {
  type AskDatabase,
  type CatalogueState,
  KnownDatabase,
  type KnownDatabaseContext,
} from '../catalogue/known-database.ts'
import { CacheConfigError, show } from '../errors.ts'
import type { CacheOptions, CatalogueHints } from '../policy/options.ts'
import { known } from '../policy/resolve-policy.ts'
import type { ModelGraph } from '../query/model-graph.ts'
import { digest } from '../read/cache-key.ts'
import { clientFingerprint } from '../read/plan-read.ts'

/** A graph that is put right when more is known of the database. To everybody else it is a `ModelGraph`. */
export type LearnedGraph = { -readonly [K in keyof ModelGraph]: ModelGraph[K] }

export interface OpenCatalogue {
  readonly state: () => CatalogueState
  /** See `KnownDatabase.pending`. */
  readonly pending: (isNeeded?: () => boolean) => Promise<void> | undefined
  /** Asks anew when it is needed next. */
  readonly forget: () => Promise<void>
  /** Calls back when the graph has changed. */
  readonly onLearned: (listener: () => void) => void
}

interface CatalogueSurroundings extends Omit<KnownDatabaseContext, 'ask' | 'dialect' | 'key' | 'options' | 'know'> {
  readonly options: CacheOptions['catalogue']
  readonly ask: AskDatabase | undefined
  readonly prefix: string
}

/** @throws CacheConfigError for names the schema does not have. */
export function openCatalogue(
  graph: LearnedGraph,
  { options, ask, prefix, ...context }: CatalogueSurroundings,
): OpenCatalogue {
  const asked = typeof options === 'object' ? options : {}
  assertNames(graph, asked)
  const { models } = graph
  graph.models = withHints(models, asked)
  const isAsked =
    options !== false && asked.read !== false && ask !== undefined && !HAS_NO_CATALOGUE.has(graph.provider)
  if (!isAsked) return { state: () => 'off', pending: () => undefined, forget: async () => {}, onLearned: () => {} }
  graph.isUnclear = true
  let learned = () => {}
  const database = new KnownDatabase(models, {
    ...context,
    ask,
    dialect: dialectOf(graph.provider),
    key: `${prefix}catalogue:${digest(clientFingerprint({ ...graph, models }, []))}`,
    options: asked,
    know(now) {
      graph.models = now ?? withHints(models, asked)
      graph.isUnclear = now === undefined
      learned()
    },
  })
  return {
    state: () => database.state,
    pending: (isNeeded) => database.pending(isNeeded),
    forget: () => database.forget(),
    onLearned: (listener) => {
      learned = listener
    },
  }
}

/** Nothing there happens by itself. */
const HAS_NO_CATALOGUE: ReadonlySet<string> = new Set(['mongodb'])

function assertNames(graph: ModelGraph, { generated = {}, writes = {} }: CatalogueHints): void {
  for (const [name, fields] of Object.entries(generated)) {
    const model = known(graph, 'catalogue.generated', name)
    for (const field of fields) {
      if (model.fields.get(field)?.kind !== undefined && model.fields.get(field)?.kind !== 'relation') continue
      const fix = `${name} has ${[...model.fields.keys()].join(', ')}.`
      throw new CacheConfigError(`catalogue.generated.${name}`, `there is no column ${show(field)}`, fix)
    }
  }
  for (const [name, others] of Object.entries(writes)) {
    known(graph, 'catalogue.writes', name)
    for (const other of others) known(graph, `catalogue.writes.${name}`, other)
  }
}
