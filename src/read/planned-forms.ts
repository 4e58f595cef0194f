import { LRUCache } from 'lru-cache'
import type { Dependency } from '../dependency.ts'
import type { BypassReason } from '../events.ts'
import type { Conjunction } from '../query/conditions.ts'
import type { Part } from '../query/read-set.ts'
import { filled, type SlottedText, slotted } from '../query/slot.ts'
import type { Tag } from '../tags/tag.ts'
import type { Account } from './admission.ts'
import type { PlannedQuery } from './read-plan.ts'

/** What a read depends on, and what of that is told apart. */
export interface Depends extends Pick<PlannedQuery, 'parts' | 'guards' | 'absence' | 'shapes' | 'omitted' | 'care'> {
  readonly tags: ReadonlySet<Tag>
  /** Why it is not cached, if it is not. */
  readonly refused: BypassReason | undefined
  readonly dependencies: () => readonly Dependency[]
  readonly account?: Account | undefined
}

/** What all reads of one form depend on, by the values of each. */
export interface FormPlan {
  readonly of: (values: readonly string[]) => Depends
}

/** `of` is `undefined` for a form whose reads are planned one by one, `text` for one whose texts are. */
export type Form = (FormPlan | { readonly of: undefined }) & {
  readonly account: Account
  /** The canonical text of its arguments. */
  readonly text?: SlottedText | undefined
}

export type PlannedForms = LRUCache<string, Form>

/** An application has as many forms as call sites, times the choices that these leave open. */
const MAX_FORMS = 1000
const MAX_CHARACTERS = 1024 * 1024
/** Characters of a form; reads of longer ones are planned one by one. */
export const MAX_FORM = 4 * 1024

export function plannedForms(): PlannedForms {
  return new LRUCache({
    max: MAX_FORMS,
    maxSize: MAX_CHARACTERS,
    sizeCalculation: (_, text) => text.length,
  })
}

/** From the plan of the form's arguments with slots in them. */
export function formPlan(planned: Depends): FormPlan | { readonly of: undefined } {
  // How many tags there are, and so which of them are given up, is for the values to decide: some may be the same.
  if (planned.dependencies().some(({ because }) => because === 'too-many-tags')) return { of: undefined }
  const tags = [...planned.tags].map(slotted)
  const parts = planned.parts.map(slottedPart)
  return {
    of: (values) => ({
      ...planned,
      tags: new Set(tags.map((tag) => filled(tag, values))),
      parts: parts.map((part) => part(values)),
    }),
  }
}

function slottedPart({ tags, derivation }: Part): (values: readonly string[]) => Part {
  const ofTags = tags.map(slotted)
  const rows = derivation?.place.rows.map(slottedRow) ?? []
  return (values) => ({
    tags: ofTags.map((tag) => filled(tag, values)),
    derivation: derivation && {
      ...derivation,
      place: { ...derivation.place, rows: rows.map((row) => filledRow(row, values)) },
    },
  })
}

type SlottedRow = readonly (readonly [column: string, text: SlottedText])[]

const slottedRow = (row: Conjunction): SlottedRow => [...row].map(([column, text]) => [column, slotted(text)])

const filledRow = (row: SlottedRow, values: readonly string[]): Conjunction =>
  new Map(row.map(([column, text]) => [column, filled(text, values)]))
