import type { Effect } from './history.ts'
import { emailOf, NOBODY, shown, USERS, userOf } from './world.ts'

/**
 * Users by their manager: rows that come and go in groups and are shown by any choice of columns. Each column of a row is
 * an object of its own, for a write of one must not be missed by a read of it and need not be noticed by any other; and
 * so is each place the row can be in, for a list also tells who is not in it.
 *
 * A family's staff is written by its loop alone, in groups of its own and in those of common managers. Temps are moved
 * between the common ones by everybody, so the database counts their versions.
 */
export const MANAGERS = [11, 12, 13] as const
export const TEMPS: readonly number[] = [21, 22, 23, 24]
export const ROLES = ['USER', 'ADMIN'] as const

const FIRST = 1000
const PER_FAMILY = 4
export const ALL_STAFF = { gte: FIRST } as const
export const staffOf = (family: number): readonly number[] =>
  Array.from({ length: PER_FAMILY }, (_, i) => FIRST + PER_FAMILY * family + i)
export const hostOf = (family: number) => 400 + family
/** Whose groups only the family's staff is in: one who stays, and one who comes and goes. */
export const ownManagers = (family: number): readonly number[] => [hostOf(family), userOf(family)]

export interface Employee {
  readonly managerId: number | null
  readonly name: string
  readonly ratio: number
  readonly big: number
  readonly balance: number
  readonly role: (typeof ROLES)[number]
  readonly active: boolean
  readonly meta: number
}
/** By id; who is missing does not exist. */
export type Staff = Readonly<Record<number, Employee>>

export const SORTED = ['name', 'ratio', 'big', 'balance'] as const
export const COLUMNS = [...SORTED, 'role', 'active', 'meta'] as const
export type Column = (typeof COLUMNS)[number]

/** What a list asks for besides the manager. */
export type Filter = Readonly<Partial<Pick<Employee, 'role' | 'active'>>>
export const FILTERS: readonly Filter[] = [{}, ...ROLES.map((role) => ({ role })), { active: true }, { active: false }]

/** `undefined`: under any manager or none. */
export type Group = number | null | undefined
export const isCommon = (group: Group) => MANAGERS.some((id) => id === group)
const nameOf = (group: Group) => (group === undefined ? 'anywhere' : group === null ? 'in no group' : `in ${group}`)

export const isStaff = (id: number) => id >= FIRST

/** The object that tells whether a row is in a list; `undefined` where it never is. */
export function membership(id: number, group: Group, filter: Filter): string | undefined {
  if (isStaff(id)) return [`staff ${id}`, nameOf(group), ...Object.entries(filter).map(String)].join(' ')
  // Temps are active users.
  return filter.role === 'ADMIN' || filter.active === false ? undefined : `user ${id} ${nameOf(group)}`
}

/** Everybody who can be there. */
export function candidates(group: Group, families: number): readonly number[] {
  const all = Array.from({ length: families }, (_, family) => family)
  const hosts = all.filter((family) => ownManagers(family).includes(group ?? 0))
  if (hosts.length > 0) return hosts.flatMap(staffOf)
  return [...all.flatMap(staffOf), ...(isCommon(group) ? TEMPS : [])]
}

const matches = (row: Employee, group: Group, filter: Filter) =>
  (group === undefined || row.managerId === group) &&
  (filter.role ?? row.role) === row.role &&
  (filter.active ?? row.active) === row.active

/** As the states of a family: an object for each thing a read can show of its staff. */
export function staffStates(family: number, staff: Staff): Map<string, string> {
  const states = new Map<string, string>()
  const own = ownManagers(family)
  for (const id of staffOf(family)) {
    const row = staff[id]
    for (const column of COLUMNS) states.set(`staff ${id} ${column}`, row ? `${row[column]}` : '-')
    for (const group of [undefined, null, ...MANAGERS, ...own]) {
      for (const filter of FILTERS) {
        states.set(membership(id, group, filter)!, shown(row !== undefined && matches(row, group, filter)))
      }
    }
  }
  for (const group of own) for (const [object, value] of groupStates(group, staff)) states.set(object, value)
  return states
}

/** Of a group that one loop alone writes, also what is true of all together. */
function groupStates(group: number, staff: Staff): readonly (readonly [object: string, value: string])[] {
  const rows = Object.entries(staff)
    .map(([id, row]) => ({ id: Number(id), ...row }))
    .filter(({ managerId }) => managerId === group)
  return [
    ...FILTERS.map((filter) => {
      const found = rows.filter((row) => matches(row, group, filter))
      return [countOf(group, filter), `${found.length}`] as const
    }),
    [`sum of ${group}`, sumText(rows.length === 0 ? null : rows.reduce((sum, { ratio }) => sum + ratio, 0))],
    ...SORTED.flatMap((column) => {
      const ids = rows.sort((a, b) => order(a[column], b[column]) || a.id - b.id).map(({ id }) => id)
      return [
        [`order of ${group} by ${column}`, `${ids}`],
        [`top of ${group} by ${column}`, `${ids.slice(0, TOP)}`],
      ] as const
    }),
  ]
}

const order = (a: string | number, b: string | number) => Number(a > b) - Number(a < b)

export const TOP = 2
export const countOf = (group: number, filter: Filter) =>
  ['count of', group, ...Object.entries(filter).map(String)].join(' ')
export const sumText = (sum: number | null) => (sum === null ? '-' : `${sum}`)

/** What moving a temp does to its places; the database counts them with its other writes. */
export function tempPlaces(id: number, managerId: number): Effect[] {
  return MANAGERS.map((group) => [membership(id, group, {})!, null, shown(group === managerId), `user ${id}`])
}

const firstManager = (temp: number) => MANAGERS[temp % MANAGERS.length]!

export function initialStaff(families: number): Effect[] {
  return [
    ...MANAGERS.map((id): Effect => [`user ${id}`, 0, '0']),
    ...TEMPS.flatMap((id): Effect[] => [
      [`user ${id}`, 0, '0'],
      ...tempPlaces(id, firstManager(id)).map(([object, , value]): Effect => [object, 0, value]),
    ]),
    ...Array.from({ length: families }, (_, family) =>
      [...staffStates(family, NOBODY.staff)].map(([object, value]): Effect => [object, 0, value]),
    ).flat(),
  ]
}

/** Whose single columns are counted up by everybody. */
export const COUNTED: readonly number[] = [...MANAGERS, ...TEMPS, ...USERS]

export const staffSql = (families: number) =>
  `INSERT INTO users (id, email, full_name, "managerId", "updatedAt") VALUES ${[
    ...[...MANAGERS, ...Array.from({ length: families }, (_, family) => hostOf(family))].map(
      (id) => `(${id}, '${emailOf(id)}', '0', NULL, now())`,
    ),
    ...TEMPS.map((id) => `(${id}, '${emailOf(id)}', '0', ${firstManager(id)}, now())`),
  ]}`
