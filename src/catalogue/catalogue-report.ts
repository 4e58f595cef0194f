import type { Model, ModelGraph } from '../query/model-graph.ts'
import type { CatalogueState } from './known-database.ts'

/** What is known of what the database does by itself. */
export interface CatalogueReport {
  /**
   * `known`: the catalogue was read · `unknown`: it could not be, and any write is taken to change everything · `off`: it is
   * not asked for, and the schema is believed.
   */
  readonly state: CatalogueState
  /** Models of which there is anything to say. */
  readonly models: Readonly<Record<string, CatalogueModel>>
}

export interface CatalogueModel {
  /** Columns that change with every update of their row, whatever it sets. */
  readonly changing: readonly string[]
  /** Models that are invalidated with it; `any`: what a write to it does cannot be told. */
  readonly writes: readonly string[] | 'any'
  /** `false`: its storage engine has no transactions. */
  readonly isTransactional: boolean
}

export function catalogueReport(state: CatalogueState, { models }: ModelGraph): CatalogueReport {
  const told = [...models.values()].map((model) => [model.name, reportOf(model)] as const)
  const worth = told.filter(
    ([, { changing, writes, isTransactional }]) => changing.length + writes.length > 0 || !isTransactional,
  )
  return { state, models: Object.fromEntries(worth) }
}

function reportOf({ fields, alsoWritten, isTransactional = true }: Model): CatalogueModel {
  const changing = [...fields.values()].filter(({ changesByItself }) => changesByItself).map(({ name }) => name)
  const written = Object.values(alsoWritten ?? {})
  const names = new Set(written.flatMap((some) => (some === 'any' ? [] : [...some])))
  return { changing, writes: written.includes('any') ? 'any' : [...names].sort(), isTransactional }
}
