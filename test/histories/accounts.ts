import type { Effect, Seen } from './history.ts'
import type { Dice, Read } from './reads.ts'
import { type Family, listed, shown } from './world.ts'
import type { MakeFamilyStep, MakeStep } from './writes.ts'

/**
 * Rows that the database changes by itself (`support/doings.ts`): what a write says of an account or of its entries shows in
 * columns, and in a view, that it does not name. A family has an account of its own; entries of the common ones are made by
 * everybody, and counted by a trigger.
 */
export interface Account {
  readonly points: number
  readonly entries: readonly number[]
  readonly moves: number
}

const COMMON = [1, 2] as const
const idOf = (family: number) => 500 + family
const handleOf = (id: number) => `account-${id}`
/** As the database compares handles, any of these is that of the account. */
const spelled = (id: number, dice: Dice) => dice.pick([handleOf(id), handleOf(id).toUpperCase(), `ÀCCOUNT-${id}`])

export const initialAccounts = (families: number): Effect[] =>
  all(families).flatMap((family) => accountStates(family, null).map(([object, value]): Effect => [object, 0, value]))

export const ACCOUNTS_SQL = `INSERT INTO "Account" (id, handle) VALUES ${COMMON.map((id) => `(${id}, '${handleOf(id)}')`)}`

const totalValue = (entries: number, amount: number) => `${entries} entries, ${amount}`

export function accountStates(family: number, account: Account | null): readonly (readonly [string, string])[] {
  const { points, entries, moves } = account ?? { points: 0, entries: [], moves: 0 }
  const sum = entries.reduce((all, amount) => all + amount, 0)
  const value = (of: string | number) => (account ? `${of}` : '-')
  return [
    [`points ${family}`, value(points)],
    [`doubled ${family}`, value(2 * points)],
    [`label ${family}`, value(`p${points}`)],
    [`moves ${family}`, value(moves)],
    [`total ${family}`, value(totalValue(entries.length, sum))],
    [`entries ${family}`, listed(entries.map(String))],
    [`account ${family}`, shown(account !== null)],
    [`account ${family} in credit`, shown(points > 0)],
    [`account ${family} labelled even`, shown(account !== null && points % 2 === 0)],
    [`account ${family} moved`, shown(moves > 0)],
  ]
}

const COLUMNS = ['points', 'doubled', 'label', 'moves'] as const
type Row = Readonly<Partial<Record<(typeof COLUMNS)[number], number | string | null>>>
type States = Effect[]

/** What is not shown, but is in the result, is part of its shape. */
const select = (dice: Dice) => {
  const shown = dice.chance(0.4) ? [dice.pick(COLUMNS)] : COLUMNS.filter(() => dice.chance(0.6))
  const all = dice.chance(0.2) ? [...shown, 'touchedAt'] : shown
  return { id: true, ...Object.fromEntries(all.map((column) => [column, true])) } as { id: true } & Record<
    (typeof COLUMNS)[number],
    true
  >
}

const columns = (family: number, row: Row | null, chosen: object): States =>
  COLUMNS.filter((column) => column in chosen).map((column) => [`${column} ${family}`, null, `${row?.[column] ?? '-'}`])

const total = (family: number, row: { entries: number; amount: number } | null | undefined): Effect => [
  `total ${family}`,
  null,
  row ? totalValue(row.entries, row.amount) : '-',
]

const all = (families: number) => Array.from({ length: families }, (_, family) => family)

/** Which accounts of families a list shows. */
const listing = (rows: readonly { id: number }[], families: number, which = ''): States =>
  all(families).map((family) => [`account ${family}${which}`, null, shown(rows.some(({ id }) => id === idOf(family)))])

const ofFamilies = { id: { gte: idOf(0) } } as const

function inOrder(rows: readonly { doubled: number | null }[]): string[] {
  const values = rows.map(({ doubled }) => doubled ?? 0)
  return values.every((value, i) => i === 0 || values[i - 1]! <= value) ? [] : [`accounts in the order ${values}`]
}

/** What everybody's entries add up to, and that one statement shows them alike. */
function common(id: number, moves: number | undefined, entries: number | undefined): Partial<Seen> {
  return {
    counters: [
      ...(moves === undefined ? [] : [[`moves of ${id}`, moves] as const]),
      ...(entries === undefined ? [] : [[`entries of ${id}`, entries] as const]),
    ],
  }
}

export const accountReads: Record<string, Read> = {
  async 'account by id'({ prisma }, dice, families) {
    const [family, chosen] = [dice.below(families), select(dice)]
    const row = await prisma.account.findUnique({ where: { id: idOf(family) }, select: chosen })
    return { states: columns(family, row, chosen) }
  },
  // Not by findUnique: of two in one tick Prisma makes one query, and finds no row for a key in another spelling.
  async 'account by handle'({ prisma }, dice, families) {
    const [family, chosen] = [dice.below(families), select(dice)]
    const row = await prisma.account.findFirst({ where: { handle: spelled(idOf(family), dice) }, select: chosen })
    return { states: columns(family, row, chosen) }
  },
  async 'account with entries'({ prisma }, dice, families) {
    const family = dice.below(families)
    const row = await prisma.account.findUnique({ where: { id: idOf(family) }, include: { entries: true } })
    const entries = listed((row?.entries ?? []).map(({ amount }) => `${amount}`))
    return { states: [...columns(family, row, { doubled: true, label: true }), [`entries ${family}`, null, entries]] }
  },
  async 'accounts in credit'({ prisma }, dice, families) {
    const where = { ...ofFamilies, doubled: { gt: 0 } }
    if (dice.chance(0.3)) {
      const count = await prisma.account.count({ where: { ...where, id: idOf(0) } })
      return { states: [['account 0 in credit', null, shown(count > 0)]] }
    }
    const rows = await prisma.account.findMany({ where, select: { id: true } })
    return { states: listing(rows, families, ' in credit') }
  },
  async 'accounts by what is computed'({ prisma }, _, families) {
    const rows = await prisma.account.findMany({
      where: ofFamilies,
      orderBy: [{ doubled: 'asc' }, { id: 'asc' }],
      select: { id: true, doubled: true },
    })
    const found = rows.flatMap((row) => columns(row.id - idOf(0), row, { doubled: true }))
    return { states: [...listing(rows, families), ...found], torn: inOrder(rows) }
  },
  async 'accounts labelled even'({ prisma }, _, families) {
    const OR = ['0', '2', '4', '6', '8'].map((endsWith) => ({ label: { endsWith } }))
    const rows = await prisma.account.findMany({ where: { ...ofFamilies, OR }, select: { id: true } })
    return { states: listing(rows, families, ' labelled even') }
  },
  async 'accounts moved'({ prisma }, _, families) {
    const where = { ...ofFamilies, moves: { gt: 0 } }
    const rows = await prisma.account.findMany({ where, select: { id: true, moves: true } })
    const found = rows.flatMap((row) => columns(row.id - idOf(0), row, { moves: true }))
    return { states: [...listing(rows, families, ' moved'), ...found] }
  },
  async 'entries by account'({ prisma }, dice, families) {
    const family = dice.below(families)
    const where = { account: { handle: spelled(idOf(family), dice) } }
    const rows = await prisma.entry.findMany({ where, select: { amount: true, account: { select: { moves: true } } } })
    return { states: [[`entries ${family}`, null, listed(rows.map(({ amount }) => `${amount}`))]] }
  },
  async 'total by id'({ prisma }, dice, families) {
    const family = dice.below(families)
    return { states: [total(family, await prisma.total.findUnique({ where: { id: idOf(family) } }))] }
  },
  async 'total by handle'({ prisma }, dice, families) {
    const family = dice.below(families)
    return { states: [total(family, await prisma.total.findFirst({ where: { handle: spelled(idOf(family), dice) } }))] }
  },
  async 'totals all'({ prisma }, _, families) {
    const rows = await prisma.total.findMany({ where: ofFamilies, orderBy: { amount: 'asc' } })
    return {
      states: all(families).map((family) =>
        total(
          family,
          rows.find(({ id }) => id === idOf(family)),
        ),
      ),
    }
  },
  async 'common account'({ prisma }, dice) {
    const id = dice.pick(COMMON)
    const row = await prisma.account.findUnique({ where: { id }, select: { moves: true } })
    return common(id, row!.moves, undefined)
  },
  async 'common total'({ prisma, raw }, dice) {
    const id = dice.pick(COMMON)
    const statement = prisma.$queryRaw<
      { moves: number; entries: number }[]
    >`SELECT moves, entries FROM "Account" JOIN "Total" ON "Total".id = "Account".id WHERE "Account".id = ${id}`
    const [row] = await raw(['Account', 'Total'], statement)
    const { moves, entries } = { moves: Number(row!.moves), entries: Number(row!.entries) }
    const torn = moves === entries ? [] : [`account ${id} has ${entries} entries and ${moves} moves`]
    return { ...common(id, moves, entries), torn }
  },
}

/** On either side of nothing, and never the same. */
const pointsOf = (version: number, dice: Dice) => (dice.chance(0.5) ? version : -version)

type ChangePoints = (account: Account, family: number, points: number, dice: Dice) => ReturnType<MakeFamilyStep>

const changesPoints =
  (
    what: string,
    query: (...of: Parameters<ChangePoints>) => NonNullable<ReturnType<MakeFamilyStep>>['query'],
  ): MakeFamilyStep =>
  (family, rows, version, dice) => {
    if (!rows.account) return undefined
    const points = pointsOf(version, dice)
    return {
      what,
      next: { ...rows, account: { ...rows.account, points } },
      query: query(rows.account, family, points, dice),
    }
  }

/** One more move, and other entries. */
const moved = (rows: Family, account: Account, entries: readonly number[]): Family => ({
  ...rows,
  account: { ...account, entries, moves: account.moves + 1 },
})

export const accountWrites: readonly MakeFamilyStep[] = [
  (family, rows, version, dice) => {
    if (rows.account) return undefined
    const [id, points] = [idOf(family), pointsOf(version, dice)]
    const entries = dice.chance(0.5) ? [version] : []
    return {
      what: 'create account',
      next: { ...rows, account: { points, entries, moves: entries.length } },
      query: ({ prisma }) =>
        prisma.account.create({
          data: { id, handle: handleOf(id), points, entries: { create: entries.map((amount) => ({ amount })) } },
        }),
    }
  },
  changesPoints('update account', (_, family, points, dice) => {
    const where = dice.chance(0.5) ? { id: idOf(family) } : { handle: spelled(idOf(family), dice) }
    return ({ prisma }) => prisma.account.update({ where, data: { points }, select: { id: true } })
  }),
  changesPoints('updateMany account by what is computed', ({ points: old }, family, points) => {
    const where = { id: idOf(family), doubled: 2 * old }
    return ({ prisma }) => prisma.account.updateMany({ where, data: { points } })
  }),
  changesPoints('raw update account', (_, family, points) => {
    return ({ prisma }) => prisma.$executeRaw`UPDATE "Account" SET points = ${points} WHERE id = ${idOf(family)}`
  }),
  (family, { account, ...rows }, version, dice) => {
    if (!account || account.entries.length > 3) return undefined
    const [id, data] = [idOf(family), { amount: version }]
    const nested = dice.chance(0.5)
    return {
      what: 'create entry',
      next: moved({ ...rows, account }, account, [...account.entries, version]),
      query: ({ prisma }): Promise<unknown> =>
        nested
          ? prisma.account.update({ where: { id }, data: { entries: { create: data } }, select: { id: true } })
          : prisma.entry.create({ data: { ...data, accountId: id }, select: { id: true } }),
    }
  },
  (family, { account, ...rows }, version, dice) => {
    if (!account || account.entries.length === 0) return undefined
    const old = dice.pick(account.entries)
    return {
      what: 'update entry',
      next: moved(
        { ...rows, account },
        account,
        account.entries.map((amount) => (amount === old ? version : amount)),
      ),
      query: ({ prisma }) =>
        prisma.entry.updateMany({ where: { accountId: idOf(family), amount: old }, data: { amount: version } }),
    }
  },
  (family, { account, ...rows }, _, dice) => {
    if (!account || account.entries.length === 0) return undefined
    const old = dice.pick(account.entries)
    return {
      what: 'delete entry',
      next: moved(
        { ...rows, account },
        account,
        account.entries.filter((amount) => amount !== old),
      ),
      query: ({ prisma }) => prisma.entry.deleteMany({ where: { accountId: idOf(family), amount: old } }),
    }
  },
  (family, rows, _, dice) => {
    if (!rows.account || dice.chance(0.5)) return undefined
    const where = dice.chance(0.5) ? { id: idOf(family) } : { handle: spelled(idOf(family), dice) }
    return {
      what: 'delete account with entries',
      next: { ...rows, account: null },
      query: ({ prisma }) => prisma.account.delete({ where }),
    }
  },
]

export const commonAccountWrites: readonly MakeStep[] = [
  (dice) => {
    const accountId = dice.pick(COMMON)
    return {
      what: 'create common entry',
      effects: [],
      adds: [
        [`moves of ${accountId}`, 1],
        [`entries of ${accountId}`, 1],
      ],
      query: ({ prisma }) => prisma.entry.create({ data: { amount: 1, accountId }, select: { id: true } }),
      told: () => [],
    }
  },
]

/** As it stands, past the cache. */
export const accountOf = (
  row: { points: number; moves: number; entries: readonly { amount: number }[] } | null,
): Account | null => row && { points: row.points, moves: row.moves, entries: row.entries.map(({ amount }) => amount) }

export const accountId = idOf
