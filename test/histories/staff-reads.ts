import type { Seen } from './history.ts'
import type { Db, Dice, Prisma, Read } from './reads.ts'
import {
  ALL_STAFF,
  COLUMNS,
  COUNTED,
  type Column,
  candidates,
  countOf,
  FILTERS,
  type Filter,
  type Group,
  hostOf,
  isCommon,
  isStaff,
  MANAGERS,
  membership,
  ownManagers,
  SORTED,
  staffOf,
  sumText,
  TEMPS,
  TOP,
} from './staff.ts'
import { emailOf, GROUPS, members, shown, userOf } from './world.ts'

// The same few questions in very many shapes: of other columns, in another order, with another filter.

type Row = Awaited<ReturnType<Prisma['user']['findFirstOrThrow']>>
/** What a choice of columns leaves of it. */
type Shown = Partial<Row> & { readonly id: number }
type States = Seen['states'][number][]

/** Not checked, and still part of the shape. */
const UNCHECKED = ['bytes', 'createdAt', 'updatedAt'] as const
const ALL = { id: true, ...Object.fromEntries([...COLUMNS, ...UNCHECKED].map((column) => [column, true])) } as {
  [column in keyof Row]: true
}

/** One column, or about half of them; typed as if it were all. */
function select(dice: Dice, ...always: (keyof Row)[]): typeof ALL {
  const one = dice.pick(COLUMNS)
  const single = dice.chance(0.3)
  const half = [...COLUMNS.filter(() => dice.chance(0.5)), ...UNCHECKED.filter(() => dice.chance(0.15))]
  return Object.fromEntries([...always, 'id', ...(single ? [one] : half)].map((column) => [column, true])) as typeof ALL
}

const byColumn = (column: Column, direction: 'asc' | 'desc') => [{ [column]: direction }, { id: direction }]
const direction = (dice: Dice) => dice.pick(['asc', 'desc'] as const)
const sorted = (dice: Dice) => (dice.chance(0.5) ? byColumn(dice.pick(SORTED), direction(dice)) : [])

const ownGroup = (dice: Dice, families: number) => dice.pick(ownManagers(dice.below(families)))
const anyGroup = (dice: Dice, families: number) => (dice.chance(0.5) ? dice.pick(MANAGERS) : ownGroup(dice, families))
const anyEmployee = (dice: Dice, families: number) => dice.pick(staffOf(dice.below(families)))

/** The columns that are shown, each as the object that it is. */
function columns(row: Shown): States {
  const { id, name, big } = row
  if (isStaff(id)) {
    return COLUMNS.filter((column) => row[column] !== undefined).map((column) => [
      `staff ${id} ${column}`,
      null,
      `${column === 'balance' ? Number(row[column]) : row[column]}`,
    ])
  }
  if (name === undefined) return []
  if (id >= hostOf(0)) return [[`host ${id - hostOf(0)}`, null, `${name}`]]
  if (id >= userOf(0)) return [[`owner ${id - userOf(0)}`, null, `${name}`]]
  return [[`user ${id}`, big === undefined ? null : Number(big), `${name}`]]
}

/** What everybody counts up. */
const counters = (rows: readonly Shown[]): Seen['counters'][number][] =>
  rows.flatMap(({ id, ratio }) => (ratio !== undefined && COUNTED.includes(id) ? [[`ratio ${id}`, ratio]] : []))

const gone = (id: number, chosen: object): States =>
  COLUMNS.filter((column) => column in chosen).map((column) => [`staff ${id} ${column}`, null, '-'])

/** Who is there, who is not, and how they are. */
function list(rows: readonly Shown[], group: Group, filter: Filter, ids: readonly number[]): Partial<Seen> {
  const found = new Set(rows.map(({ id }) => id))
  const strangers = rows.filter(({ id }) => !ids.includes(id))
  return {
    states: [
      ...ids.flatMap((id): States => {
        const object = membership(id, group, filter)
        return object === undefined ? [] : [[object, null, shown(found.has(id))]]
      }),
      ...rows.flatMap(columns),
    ],
    counters: counters(rows),
    torn: strangers.map(({ id }) => `${id} can not be in group ${group}`),
  }
}

function pinned(row: Shown | null, id: number, chosen: object): Partial<Seen> {
  const here: States = [[membership(id, undefined, {})!, null, shown(row !== null)]]
  return { states: [...here, ...(row ? columns(row) : gone(id, chosen))] }
}

const together = (...all: Partial<Seen>[]): Partial<Seen> => ({
  states: all.flatMap(({ states = [] }) => states),
  counters: all.flatMap(({ counters: found = [] }) => found),
  torn: all.flatMap(({ torn = [] }) => torn),
})

async function managed({ prisma }: Db, dice: Dice, group: number, families: number): Promise<Partial<Seen>> {
  const filter = dice.pick(FILTERS)
  const rows = await prisma.user.findMany({
    where: dice.chance(0.8) ? { managerId: group, ...filter } : { manager: { id: group }, ...filter },
    select: select(dice),
    orderBy: sorted(dice),
  })
  return list(rows, group, filter, candidates(group, families))
}

export const staffReads: Record<string, Read> = {
  'staff of common manager': (db, dice, families) => managed(db, dice, dice.pick(MANAGERS), families),
  'staff of own manager': (db, dice, families) => managed(db, dice, ownGroup(dice, families), families),
  async 'staff of nobody'({ prisma }, dice, families) {
    const filter = dice.pick(FILTERS)
    const where = { managerId: null, id: ALL_STAFF, ...filter }
    const rows = await prisma.user.findMany({ where, select: select(dice) })
    return list(rows, null, filter, candidates(null, families))
  },
  async 'staff of two managers'({ prisma }, dice, families) {
    const groups = [...new Set([dice.pick(MANAGERS), anyGroup(dice, families)])]
    const rows = await prisma.user.findMany({
      where: { managerId: { in: groups } },
      select: select(dice, 'managerId'),
      orderBy: sorted(dice),
    })
    const of = (group: number) => rows.filter(({ managerId }) => managerId === group)
    return together(...groups.map((group) => list(of(group), group, {}, candidates(group, families))))
  },
  async 'staff by role'({ prisma }, dice, families) {
    const filter = { role: 'ADMIN' } as const
    const rows = await prisma.user.findMany({ where: filter, select: select(dice), orderBy: sorted(dice) })
    return list(rows, undefined, filter, candidates(undefined, families))
  },
  async 'staff by names'({ prisma }, dice, families) {
    const ids = staffOf(dice.below(families)).filter(() => dice.chance(0.7))
    const where = dice.chance(0.5) ? { id: { in: ids } } : { email: { in: ids.map(emailOf) } }
    const chosen = select(dice)
    const rows = await prisma.user.findMany({ where, select: chosen })
    return together(...ids.map((id) => pinned(rows.find((row) => row.id === id) ?? null, id, chosen)))
  },
  async 'employee by id'({ prisma }, dice, families) {
    const id = anyEmployee(dice, families)
    const chosen = select(dice)
    return pinned(await prisma.user.findUnique({ where: { id }, select: chosen }), id, chosen)
  },
  async 'employee by email'({ prisma }, dice, families) {
    const id = anyEmployee(dice, families)
    const chosen = select(dice)
    return pinned(await prisma.user.findUnique({ where: { email: emailOf(id) }, select: chosen }), id, chosen)
  },
  async 'employee whole'({ prisma }, dice, families) {
    const id = anyEmployee(dice, families)
    return pinned(await prisma.user.findUnique({ where: { id } }), id, ALL)
  },
  async 'employee of manager'({ prisma }, dice, families) {
    const group = dice.pick(MANAGERS)
    const id = dice.chance(0.5) ? dice.pick(TEMPS) : anyEmployee(dice, families)
    const row = await prisma.user.findFirst({ where: { id, managerId: group }, select: select(dice) })
    return list(row ? [row] : [], group, {}, [id])
  },
  async 'temps narrow'({ prisma }, dice) {
    const chosen = select(dice, 'managerId')
    const rows = await prisma.user.findMany({ where: { id: { in: [...TEMPS] } }, select: chosen })
    const places = rows.map((row) => list([row], row.managerId, {}, [row.id]))
    const torn = places.length === TEMPS.length ? [] : [`${places.length} temps`]
    return together(...places, { torn })
  },
  async 'group narrow'({ prisma }, dice) {
    const id = dice.pick(GROUPS)
    const rows = await prisma.user.findMany({ where: { managerId: id }, select: select(dice), orderBy: sorted(dice) })
    const torn = rows.length === members(id).length ? [] : [`group ${id} has ${rows.length} users`]
    return { states: rows.flatMap(columns), counters: counters(rows), torn }
  },
  async 'staff counted'({ prisma }, dice, families) {
    const [group, filter] = [ownGroup(dice, families), dice.pick(FILTERS)]
    const count = await prisma.user.count({ where: { managerId: group, ...filter } })
    return { states: [[countOf(group, filter), null, `${count}`]] }
  },
  async 'employee counted'({ prisma }, dice, families) {
    const [group, filter] = [dice.pick(MANAGERS), dice.pick(FILTERS)]
    const id = dice.chance(0.5) ? dice.pick(TEMPS) : anyEmployee(dice, families)
    const count = await prisma.user.count({ where: { managerId: group, id, ...filter } })
    const object = membership(id, group, filter)
    return { states: object === undefined ? [] : [[object, null, shown(count > 0)]] }
  },
  async 'staff grouped by role'({ prisma }, dice, families) {
    const group = ownGroup(dice, families)
    const rows = await prisma.user.groupBy({ by: ['role'], where: { managerId: group }, _count: { _all: true } })
    return {
      states: FILTERS.flatMap((filter): States => {
        if (filter.role === undefined) return []
        return [[countOf(group, filter), null, `${rows.find(({ role }) => role === filter.role)?._count._all ?? 0}`]]
      }),
    }
  },
  async 'temps grouped by manager'({ prisma }) {
    const where = { id: { in: [...TEMPS] } }
    const rows = await prisma.user.groupBy({ by: ['managerId'], where, _count: { _all: true } })
    const sum = rows.reduce((all, { _count }) => all + _count._all, 0)
    const strange = rows.filter(({ managerId }) => !isCommon(managerId))
    return { torn: sum === TEMPS.length && strange.length === 0 ? [] : [`temps: ${JSON.stringify(rows)}`] }
  },
  async 'staff summed'({ prisma }, dice, families) {
    const group = ownGroup(dice, families)
    const { _sum, _count } = await prisma.user.aggregate({
      where: { managerId: group },
      _sum: { ratio: true },
      _count: { _all: true },
    })
    return {
      states: [
        [`sum of ${group}`, null, sumText(_sum.ratio)],
        [countOf(group, {}), null, `${_count._all}`],
      ],
    }
  },
  async 'staff in order'({ prisma }, dice, families) {
    const [group, column, way] = [ownGroup(dice, families), dice.pick(SORTED), direction(dice)]
    const orderBy = byColumn(column, way)
    const rows = await prisma.user.findMany({ where: { managerId: group }, select: select(dice), orderBy })
    const ids = rows.map(({ id }) => id)
    if (way === 'desc') ids.reverse()
    return { states: [[`order of ${group} by ${column}`, null, `${ids}`], ...rows.flatMap(columns)] }
  },
  async 'staff on top'({ prisma }, dice, families) {
    const [group, column] = [ownGroup(dice, families), dice.pick(SORTED)]
    const orderBy = byColumn(column, 'asc')
    const where = { managerId: group }
    const rows = await prisma.user.findMany({ where, select: select(dice), orderBy, take: TOP })
    return {
      states: [[`top of ${group} by ${column}`, null, `${rows.map(({ id }) => id)}`], ...rows.flatMap(columns)],
    }
  },
  async 'staff with manager'({ prisma }, dice, families) {
    const group = anyGroup(dice, families)
    const rows = await prisma.user.findMany({
      where: { managerId: group },
      select: { ...select(dice), manager: { select: select(dice) } },
      orderBy: sorted(dice),
    })
    const managers = rows.flatMap(({ manager }): Shown[] => (manager ? [manager] : []))
    return together(list(rows, group, {}, candidates(group, families)), {
      states: managers.flatMap(columns),
      counters: counters(managers),
    })
  },
  async 'manager with staff'({ prisma }, dice, families) {
    const [id, filter] = [anyGroup(dice, families), dice.pick(FILTERS)]
    const reports = { where: filter, select: select(dice), orderBy: sorted(dice) }
    const row = await prisma.user.findUnique({ where: { id }, select: { ...select(dice, 'name'), reports } })
    if (!row) return { states: [[`owner ${id - userOf(0)}`, null, '-']] }
    const own: Partial<Seen> = { states: columns(row), counters: counters([row]) }
    return together(own, list(row.reports, id, filter, candidates(id, families)))
  },
  async 'manager with some staff'({ prisma }, dice, families) {
    const id = anyGroup(dice, families)
    const row = await prisma.user.findUnique({ where: { id }, include: { reports: true } })
    if (!row) return { states: [[`owner ${id - userOf(0)}`, null, '-']] }
    return together({ states: columns(row) }, list(row.reports, id, {}, candidates(id, families)))
  },
  async 'manager fluent'({ prisma }, dice, families) {
    const id = anyGroup(dice, families)
    const filter = dice.pick(FILTERS)
    const rows = await prisma.user.findUnique({ where: { id } }).reports({ where: filter, select: select(dice) })
    return rows
      ? list(rows, id, filter, candidates(id, families))
      : { states: [[`owner ${id - userOf(0)}`, null, '-']] }
  },
  async 'manager counts'({ prisma }, dice, families) {
    const [id, filter] = [ownGroup(dice, families), dice.pick(FILTERS)]
    const counted = { _count: { select: { reports: { where: filter } } } } as const
    const row = await prisma.user.findUnique({ where: { id }, select: { name: true, ...counted } })
    if (!row) return { states: [[`owner ${id - userOf(0)}`, null, '-']] }
    return { states: [...columns({ id, name: row.name }), [countOf(id, filter), null, `${row._count.reports}`]] }
  },
}
