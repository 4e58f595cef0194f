import { type Effect, NothingWritten } from './history.ts'
import type { Dice } from './reads.ts'
import {
  COLUMNS,
  COUNTED,
  type Column,
  type Employee,
  FILTERS,
  hostOf,
  MANAGERS,
  ownManagers,
  ROLES,
  type Staff,
  staffOf,
  TEMPS,
  tempPlaces,
} from './staff.ts'
import { emailOf, type Family, userOf, userState } from './world.ts'
import type { MakeFamilyStep, MakeStep, Stamps } from './writes.ts'

type Change = Readonly<Partial<Employee>>

/** Narrow answers: what was changed is often not among them. */
const narrow = (dice: Dice) => ({ id: true, ...(dice.chance(0.5) && { [dice.pick(COLUMNS)]: true }) })

function oneColumn(dice: Dice, stamps: Stamps, column: Column = dice.pick(COLUMNS)): Change {
  if (column === 'role') return { role: dice.pick(ROLES) }
  if (column === 'active') return { active: dice.chance(0.5) }
  const stamp = stamps()
  return { [column]: column === 'name' ? `${stamp}` : stamp }
}

/** Where a row can go: to none, or to a manager who is there, more often to one of the family's own. */
function groups(family: number, rows: Family): (number | null)[] {
  const own = ownManagers(family).filter((id) => id !== userOf(family) || rows.user !== null)
  return [null, ...MANAGERS, ...own, ...own]
}

function employee(managerId: number | null, dice: Dice, stamps: Stamps): Employee {
  const [role, active, stamp] = [dice.pick(ROLES), dice.chance(0.5), stamps()]
  return { managerId, role, active, name: `${stamp}`, ratio: stamp, big: stamp, balance: stamp, meta: stamp }
}

const missing = (family: number, { staff }: Family) => staffOf(family).filter((id) => !staff[id])
const present = (family: number, { staff }: Family) => staffOf(family).filter((id) => staff[id])
const inGroup = ({ staff }: Family, group: number) =>
  Object.keys(staff)
    .map(Number)
    .filter((id) => staff[id]!.managerId === group)

function changed(rows: Family, ids: readonly number[], change: Change): Family {
  const staff = { ...rows.staff, ...Object.fromEntries(ids.map((id) => [id, { ...rows.staff[id]!, ...change }])) }
  return { ...rows, staff }
}

function without(rows: Family, ids: readonly number[]): Family {
  const staff: Staff = Object.fromEntries(Object.entries(rows.staff).filter(([id]) => !ids.includes(Number(id))))
  return { ...rows, staff }
}

/** One of the family's own groups, if somebody is in it. */
function ownGroup(family: number, rows: Family, dice: Dice): number | undefined {
  const found = ownManagers(family).filter((id) => inGroup(rows, id).length > 0)
  return found.length === 0 ? undefined : dice.pick(found)
}

const where = (id: number, dice: Dice) => (dice.chance(0.6) ? { id } : { email: emailOf(id) })

const updateColumn: MakeFamilyStep = (family, rows, _, dice, stamps) => {
  const ids = present(family, rows)
  if (ids.length === 0) return undefined
  const [id, data, select] = [dice.pick(ids), oneColumn(dice, stamps), narrow(dice)]
  return {
    what: 'update a column of an employee',
    next: changed(rows, [id], data),
    query: ({ prisma }) => prisma.user.update({ where: where(id, dice), data, select }),
  }
}

export const staffWrites: readonly MakeFamilyStep[] = [
  (family, rows, _, dice, stamps) => {
    const absent = missing(family, rows)
    if (absent.length === 0) return undefined
    const [id, row] = [dice.pick(absent), employee(dice.pick(groups(family, rows)), dice, stamps)]
    const select = narrow(dice)
    return {
      what: 'create employee',
      next: changed(rows, [id], row),
      query: ({ prisma }) => prisma.user.create({ data: { id, email: emailOf(id), ...row }, select }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const absent = missing(family, rows)
    const present = groups(family, rows).flatMap((id) => id ?? [])
    if (absent.length === 0) return undefined
    const [id, manager] = [dice.pick(absent), dice.pick(present)]
    const { managerId: _managerId, ...row } = employee(manager, dice, stamps)
    return {
      what: 'create employee under manager',
      next: changed(rows, [id], { managerId: manager, ...row }),
      query: ({ prisma }) =>
        prisma.user.update({
          where: { id: manager },
          data: { reports: { create: { id, email: emailOf(id), ...row } } },
          select: { id: true },
        }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const absent = missing(family, rows).slice(0, 2)
    if (absent.length < 2) return undefined
    const row = employee(dice.pick(groups(family, rows)), dice, stamps)
    return {
      what: 'create two employees',
      next: changed(rows, absent, row),
      query: ({ prisma }) => prisma.user.createMany({ data: absent.map((id) => ({ id, email: emailOf(id), ...row })) }),
    }
  },
  updateColumn,
  updateColumn,
  updateColumn,
  (family, rows, _, dice, stamps) => {
    const ids = present(family, rows)
    if (ids.length === 0) return undefined
    const [id, managerId] = [dice.pick(ids), dice.pick(groups(family, rows))]
    const data = { ...(dice.chance(0.3) && oneColumn(dice, stamps)), managerId }
    const select = narrow(dice)
    return {
      what: 'move employee',
      next: changed(rows, [id], data),
      query: ({ prisma }) => prisma.user.update({ where: where(id, dice), data, select }),
    }
  },
  (family, rows, _, dice) => {
    const ids = present(family, rows)
    if (ids.length === 0) return undefined
    const [id, managerId] = [dice.pick(ids), dice.pick(groups(family, rows))]
    const manager = managerId === null ? { disconnect: true } : { connect: { id: managerId } }
    return {
      what: 'move employee by relation',
      next: changed(rows, [id], { managerId }),
      query: ({ prisma }) => prisma.user.update({ where: { id }, data: { manager }, select: { id: true } }),
    }
  },
  (family, rows, _, dice) => {
    const ids = present(family, rows)
    if (ids.length === 0) return undefined
    const [id, managerId] = [dice.pick(ids), dice.pick([...MANAGERS, hostOf(family)])]
    return {
      what: 'connect employee to manager',
      next: changed(rows, [id], { managerId }),
      query: ({ prisma }) =>
        prisma.user.update({ where: { id: managerId }, data: { reports: { connect: where(id, dice) } } }),
    }
  },
  (family, rows, _, dice) => {
    const all = present(family, rows)
    const ids = all.filter(() => dice.chance(0.5))
    if (all.length === 0) return undefined
    const host = hostOf(family)
    return {
      what: 'set staff of host',
      next: changed(changed(rows, inGroup(rows, host), { managerId: null }), ids, { managerId: host }),
      query: ({ prisma }) =>
        prisma.user.update({ where: { id: host }, data: { reports: { set: ids.map((id) => ({ id })) } } }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const group = ownGroup(family, rows, dice)
    if (group === undefined) return undefined
    const [filter, data] = [dice.pick(FILTERS), oneColumn(dice, stamps)]
    const ids = inGroup(rows, group).filter((id) => matches(rows.staff[id]!, filter))
    return {
      what: 'updateMany staff of manager',
      next: changed(rows, ids, data),
      query: ({ prisma }) => prisma.user.updateMany({ where: { managerId: group, ...filter }, data }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const group = ownGroup(family, rows, dice)
    if (group === undefined) return undefined
    const [data, select] = [oneColumn(dice, stamps), narrow(dice)]
    return {
      what: 'updateManyAndReturn staff of manager',
      returns: true,
      next: changed(rows, inGroup(rows, group), data),
      query: ({ prisma }) => prisma.user.updateManyAndReturn({ where: { managerId: group }, data, select }),
    }
  },
  (family, rows, _, dice) => {
    const group = ownGroup(family, rows, dice)
    if (group === undefined) return undefined
    const managerId = dice.pick(groups(family, rows))
    return {
      what: 'move all of a manager',
      next: changed(rows, inGroup(rows, group), { managerId }),
      query: ({ prisma }) => prisma.user.updateMany({ where: { managerId: group }, data: { managerId } }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const [managerId, own] = [dice.pick(MANAGERS), staffOf(family)]
    const data = dice.chance(0.5) ? oneColumn(dice, stamps) : { managerId: dice.pick(groups(family, rows)) }
    return {
      what: 'updateMany some of common manager',
      next: changed(rows, inGroup(rows, managerId), data),
      query: ({ prisma }) => prisma.user.updateMany({ where: { managerId, id: { in: [...own] } }, data }),
    }
  },
  (family, rows, _, dice) => {
    const ids = present(family, rows)
    if (ids.length === 0) return undefined
    const id = dice.pick(ids)
    return {
      what: 'delete employee',
      next: without(rows, [id]),
      query: ({ prisma }) => prisma.user.delete({ where: where(id, dice), select: { id: true } }),
    }
  },
  (family, rows, _, dice) => {
    const group = ownGroup(family, rows, dice)
    if (group === undefined || dice.chance(0.5)) return undefined
    const filter = dice.pick(FILTERS)
    const ids = inGroup(rows, group).filter((id) => matches(rows.staff[id]!, filter))
    return {
      what: 'deleteMany staff of manager',
      next: without(rows, ids),
      query: ({ prisma }) =>
        dice.chance(0.5)
          ? prisma.user.deleteMany({ where: { managerId: group, ...filter } })
          : prisma.user.update({ where: { id: group }, data: { reports: { deleteMany: filter } } }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const id = dice.pick(staffOf(family))
    const data = { ...oneColumn(dice, stamps), managerId: dice.pick(groups(family, rows)) }
    const row = rows.staff[id] ? data : employee(dice.pick(MANAGERS), dice, stamps)
    return {
      what: 'upsert employee',
      next: changed(rows, [id], row),
      query: ({ prisma }) =>
        prisma.user.upsert({
          where: { id },
          update: data,
          create: { email: emailOf(id), ...employee(null, dice, stamps), ...row, id },
          select: { id: true },
        }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const [host, name] = [`${stamps()}`, oneColumn(dice, stamps, 'name')]
    const id = hostOf(family)
    const staff = dice.chance(0.5)
    return {
      what: 'update host',
      next: { ...(staff ? changed(rows, inGroup(rows, id), name) : rows), host },
      query: ({ prisma }) =>
        prisma.user.update({
          where: { id },
          data: { name: host, ...(staff && { reports: { updateMany: { where: {}, data: name } } }) },
          select: { id: true },
        }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const ids = present(family, rows)
    // Raw SQL says less of what it does, and so costs more.
    if (ids.length === 0 || dice.chance(0.7)) return undefined
    const [id, ratio] = [dice.pick(ids), stamps()]
    return {
      what: 'raw update employee',
      next: changed(rows, [id], { ratio }),
      query: ({ prisma }) => prisma.$executeRaw`UPDATE users SET ratio = ${ratio} WHERE id = ${id}`,
    }
  },
]

const matches = (row: Employee, { role = row.role, active = row.active }: Change) =>
  row.role === role && row.active === active

const versioned = (name: string) => ({ name, big: { increment: 1 } })
const USER = { id: true, big: true, name: true } as const
const told = (row: unknown) => [userState(row as Parameters<typeof userState>[0])]
const untold = () => []

const moved = (id: number, managerId: number, name: string): Effect[] => [
  [`user ${id}`, null, name],
  ...tempPlaces(id, managerId),
]

/** On rows that everybody writes. */
export const commonStaffWrites: readonly MakeStep[] = [
  (dice, stamps) => {
    const [id, managerId, name] = [dice.pick(TEMPS), dice.pick(MANAGERS), `${stamps()}`]
    return {
      what: 'move temp',
      effects: moved(id, managerId, name),
      adds: [],
      query: ({ prisma }) =>
        prisma.user.update({ where: { id }, data: { ...versioned(name), managerId }, select: USER }),
      told,
    }
  },
  (dice, stamps) => {
    const [id, managerId, name] = [dice.pick(TEMPS), dice.pick(MANAGERS), `${stamps()}`]
    return {
      what: 'move temp by relation',
      effects: moved(id, managerId, name),
      adds: [],
      query: ({ prisma }) =>
        prisma.user.update({
          where: { id },
          data: { ...versioned(name), manager: { connect: { id: managerId } } },
          select: USER,
        }),
      told,
    }
  },
  (dice, stamps) => {
    const [id, managerId, name] = [dice.pick(TEMPS), dice.pick(MANAGERS), `${stamps()}`]
    return {
      what: 'updateMany moves a temp',
      effects: moved(id, managerId, name),
      adds: [],
      query: ({ prisma }) => prisma.user.updateMany({ where: { id }, data: { ...versioned(name), managerId } }),
      told: untold,
    }
  },
  // Refused where the temp has another manager by now: what such a write says of its row must be true of it to the end.
  // On MariaDB Prisma looks first and updates then: moved in between, the row comes back as it is, and nothing was written.
  (dice, stamps) => {
    const [id, from, name] = [dice.pick(TEMPS), dice.pick(MANAGERS), `${stamps()}`]
    const managerId = dice.pick(MANAGERS)
    return {
      what: 'move temp from manager',
      effects: moved(id, managerId, name),
      adds: [],
      query: ({ prisma }) =>
        prisma.user.update({ where: { id, managerId: from }, data: { ...versioned(name), managerId }, select: USER }),
      told: (row) => {
        if ((row as { name: string }).name !== name) throw new NothingWritten()
        return told(row)
      },
    }
  },
  (dice, stamps) => {
    const [id, managerId, name] = [dice.pick(TEMPS), dice.pick(MANAGERS), `${stamps()}`]
    return {
      what: 'connect temp to manager',
      effects: moved(id, managerId, name),
      adds: [],
      query: ({ prisma }) =>
        prisma.user.update({
          where: { id: managerId },
          data: { reports: { connect: { id }, update: { where: { id }, data: versioned(name) } } },
          select: { id: true },
        }),
      told: untold,
    }
  },
  (dice, stamps) => {
    const [id, from, name] = [dice.pick(TEMPS), dice.pick(MANAGERS), `${stamps()}`]
    return {
      what: 'update temp under manager',
      effects: [[`user ${id}`, null, name]],
      adds: [],
      query: ({ prisma }) =>
        prisma.user.update({
          where: { id: from },
          data: { reports: { update: { where: { id }, data: versioned(name) } } },
          select: { id: true },
        }),
      told: untold,
    }
  },
  (dice, stamps) => {
    const [id, name] = [dice.pick([...TEMPS, ...MANAGERS]), `${stamps()}`]
    return {
      what: 'rename temp or manager',
      effects: [[`user ${id}`, null, name]],
      adds: [],
      query: ({ prisma }) => prisma.user.update({ where: { id }, data: versioned(name), select: USER }),
      told,
    }
  },
  (dice) => {
    const id = dice.pick(COUNTED)
    const select = narrow(dice)
    return {
      what: 'count up a column',
      effects: [],
      adds: [[`ratio ${id}`, 1]],
      query: ({ prisma }) => prisma.user.update({ where: { id }, data: { ratio: { increment: 1 } }, select }),
      told: untold,
    }
  },
  (dice) => {
    const id = dice.pick(TEMPS)
    return {
      what: 'updateMany counts up a column',
      effects: [],
      adds: [[`ratio ${id}`, 1]],
      query: ({ prisma }) => prisma.user.updateMany({ where: { id }, data: { ratio: { increment: 1 } } }),
      told: untold,
    }
  },
]
