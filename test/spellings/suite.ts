import { describe } from 'vitest'
import { type Combination, describeCombinations, type TestBed } from '../support/matrix.ts'
import { alteredGroups } from './altered-tables.ts'
import { givenGroups } from './own-doings.ts'
import { type Pair, TWINS, textCases } from './texts.ts'
import { type Group, itAgrees, useWorld } from './world.ts'

/** Strings under one collation, which `alter` gives to the columns that hold them. */
export interface Strings {
  readonly collation: string
  readonly alter: string
  readonly pairs: readonly Pair[]
}

/**
 * One value in two spellings, and what a database does by itself: reads by one spelling beside writes by the other, and
 * columns that change without being mentioned. A row of a table here is all that a new case needs.
 */
export function describeSpellings(combination: Combination, strings: readonly Strings[]): void {
  const groups: Group[] = [
    ...strings.map(({ collation, alter, pairs }) => ({
      title: `one string in two spellings, ${collation}`,
      alter,
      cases: textCases(pairs),
    })),
    { title: 'two strings of one text', alter: '', cases: TWINS },
    ...givenGroups(combination.provider),
  ]
  describeGroups(combination, groups)
}

/** Tables on which the database does more than the schema says. */
export function describeAlteredTables(combination: Combination, form: 'short' | 'long'): void {
  describeGroups(combination, alteredGroups(combination.provider, form))
}

function describeGroups(combination: Combination, groups: readonly Group[]): void {
  for (const group of groups) describeCombinations(group.title, (bed) => agreeing(bed, group), [combination])
}

function agreeing(bed: TestBed, group: Group): void {
  const world = useWorld(bed, group)
  describe('a cached client agrees with a plain one', () => {
    for (const one of group.cases) itAgrees(world, one)
  })
}
