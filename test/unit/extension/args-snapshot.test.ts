import { describe, expect, it } from 'vitest'
import { snapshotOf } from '../../../src/extension/args-snapshot.ts'

describe('a snapshot of arguments', () => {
  it('stays as it is, whatever the caller changes, at any depth', () => {
    const args = {
      where: { OR: [{ id: 1 }, { id: { in: [1, 2] } }], at: new Date(0), bytes: new Uint8Array([1]), gone: null },
      orderBy: [{ id: 'asc' }],
    }
    const snapshot = snapshotOf(args)
    const before = structuredClone(args)
    expect(snapshot).toStrictEqual(before)
    args.where.OR[0] = { id: 9 }
    ;(args.where.OR[1] as { id: { in: number[] } }).id.in.push(3)
    args.where.at.setTime(1)
    args.where.bytes[0] = 2
    args.orderBy.length = 0
    expect(snapshot).toStrictEqual(before)
  })

  it('has objects without a prototype copied, and a field called `__proto__` as a field', () => {
    const bare: Record<string, unknown> = Object.assign(Object.create(null), { list: [1] })
    const json = JSON.parse('{ "__proto__": { "admin": true }, "meta": { "__proto__": [1] } }')
    const snapshot = snapshotOf({ bare, json }) as { bare: { list: number[] }; json: object }
    ;(bare['list'] as number[]).push(2)
    expect(snapshot.bare.list).toEqual([1])
    expect(JSON.stringify(snapshot.json)).toBe(JSON.stringify(json))
    expect(Object.getPrototypeOf(snapshot.json)).toBe(Object.prototype)
    expect(snapshot.json).not.toHaveProperty('admin')
  })

  it('has what is not plain as it is: decimals, field references, Prisma’s nulls', () => {
    class Kind {
      readonly of = [1]
    }
    const one = new Kind()
    expect(snapshotOf({ one }).one).toBe(one)
  })
})
