import { describe, expect, it } from 'vitest'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { type Spec, said, useSpec } from './support.ts'

type Scalar = 'balance' | 'ratio' | 'big' | 'bytes' | 'meta' | 'name' | 'active' | 'createdAt' | 'role'

describeCombinations('a value', (bed) => {
  const spec = useSpec(bed)

  /** Written past the cache, then read plainly, as a miss and as a hit: three equal answers. */
  async function roundTrip(client: Spec, field: Scalar, value: unknown): Promise<unknown[]> {
    const { prisma, plain } = client
    await plain.user.update({ where: { id: 1 }, data: { [field]: value } })
    await prisma.$cache.invalidate({ models: ['User'] })
    const args = { where: { id: 1 }, select: { [field]: true } } as const
    const answers = [await plain.user.findUniqueOrThrow(args)]
    for (const status of ['miss', 'hit']) {
      const { data, info } = await prisma.$cache.withCacheInfo(prisma.user.findUniqueOrThrow(args))
      expect(said(info)).toBe(status)
      expect(data).toStrictEqual(answers[0])
      answers.push(data)
    }
    return answers.map((answer) => (answer as Record<string, unknown>)[field])
  }

  it('Decimal comes back as the client’s own class, to the last digit', async () => {
    const client = spec.cached()
    // SQLite keeps decimals as floating point numbers; what it cannot hold never reaches the cache.
    const precise = bed.provider === 'postgresql' ? ['12345678901234567890.123456789', '-0.000000000000000001'] : []
    for (const text of ['12.5', '0', '-7', '1e3', '0.1', ...precise]) {
      for (const value of await roundTrip(client, 'balance', new client.Prisma.Decimal(text))) {
        expect(value).toBeInstanceOf(client.Prisma.Decimal)
        expect((value as { toFixed(): string }).toFixed()).toBe(new client.Prisma.Decimal(text).toFixed())
      }
    }
  })

  it('Decimal can be calculated with', async () => {
    const { prisma } = spec.cached()
    for (const _ of ['miss', 'hit']) {
      const { balance } = await prisma.user.findUniqueOrThrow({ where: { id: 1 } })
      expect(balance.plus('0.5').toString()).toBe('13')
    }
    for (const _ of ['miss', 'hit']) {
      const { _sum } = await prisma.product.aggregate({ _sum: { price: true } })
      expect(_sum.price?.times(2).toFixed(1)).toBe('0.3')
    }
  })

  it('BigInt comes back beyond what a number can hold', async () => {
    const client = spec.cached()
    for (const value of [0n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      expect(await roundTrip(client, 'big', value)).toEqual([value, value, value])
    }
  })

  it('Bytes come back as bytes, and as the class they were', async () => {
    const client = spec.cached()
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    for (const value of [new Uint8Array(0), all, new Uint8Array([0]), all.subarray(3, 7)]) {
      for (const seen of await roundTrip(client, 'bytes', value)) {
        expect(seen).toBeInstanceOf(Uint8Array)
        expect(Buffer.isBuffer(seen)).toBe(false)
        expect([...(seen as Uint8Array)]).toEqual([...value])
      }
    }
    expect(await roundTrip(client, 'bytes', null)).toEqual([null, null, null])
  })

  it('Date comes back as a Date, before 1970 and to the millisecond too', async () => {
    const client = spec.cached()
    const texts = [
      '2024-02-29T23:59:59.999Z',
      '1969-12-31T23:59:59.999Z',
      '0001-01-01T00:00:00.000Z',
      '9999-12-31T23:59:59.999Z',
    ]
    for (const text of texts) {
      for (const value of await roundTrip(client, 'createdAt', new Date(text))) {
        expect(value).toBeInstanceOf(Date)
        expect((value as Date).toISOString()).toBe(text)
      }
    }
  })

  it('Float comes back as the same number', async () => {
    const client = spec.cached()
    for (const value of [0, 0.1 + 0.2, -1.5, 1e300, 5e-324, Number.MAX_SAFE_INTEGER]) {
      for (const seen of await roundTrip(client, 'ratio', value)) expect(seen).toBe(value)
    }
  })

  it('text comes back letter by letter', async () => {
    const client = spec.cached()
    const texts = [
      '',
      ' ',
      'null',
      '"quoted"\\ \n\r\t\u2028',
      'Ünïcödé',
      '𝒳 😀 👩‍👩‍👧',
      '\ufeff',
      'e\u0301 and é',
      '___bi_123',
      '2024-01-01T00:00:00.000Z',
      'qc1 1 2 3 - x\n',
      '"d"',
      '["d"]\n[1]',
      'x'.repeat(100_000),
    ]
    for (const text of texts) expect(await roundTrip(client, 'name', text)).toEqual([text, text, text])
  })

  it('enum and boolean come back', async () => {
    const client = spec.cached()
    expect(await roundTrip(client, 'role', 'ADMIN')).toEqual(['ADMIN', 'ADMIN', 'ADMIN'])
    for (const value of [true, false]) expect(await roundTrip(client, 'active', value)).toEqual([value, value, value])
  })

  it('the null kinds of JSON come back', async () => {
    const client = spec.cached()
    const { DbNull, JsonNull } = client.Prisma
    for (const kind of [DbNull, JsonNull]) expect(await roundTrip(client, 'meta', kind)).toEqual([null, null, null])
  })

  describe('of JSON is given back as it is, whatever it looks like:', () => {
    const contents: Record<string, unknown> = {
      'a number': 1.5,
      'a list of everything': [1, 'two', true, null, [], {}, { a: [{ b: null }] }],
      'a text that looks like a date': { at: '2024-01-01T00:00:00.000Z' },
      'marks of ours': { '#': { 0: 'd' }, d: 'd', kind: 'D', list: ['i', { '#': 'n' }] },
      'marks where the tree would be': ['d', ['d'], { '#': { '1': 'b' } }],
      'marks of others': { __d: 1, $type: 'Date', value: 'x', json: {}, meta: { values: { a: ['Date'] } } },
      'a bigint spelt by others': ['___bi_123'],
      'an inner prototype': '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      // biome-ignore lint/suspicious/noThenProperty: what a user's JSON may well hold
      'names of every object': { toString: 'x', hasOwnProperty: 1, toJSON: 'y', then: 'z', length: 3 },
      'numbers as keys, in order': { 2: 'b', 9: 'c', 1: 'a' },
      'an empty key': { '': { '': 1 } },
      'rows alike and unlike': [{ a: 1 }, { a: 'x' }, { a: null }, { a: [1] }, { b: {} }],
      depth: Array.from({ length: 90 }).reduce<unknown>((inner) => [inner], 'deep'),
    }
    it.each(Object.entries(contents))('%s', async (_, content) => {
      const { prisma, plain } = spec.cached()
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      await bed.database.execute(`UPDATE users SET meta = '${text}' WHERE id = 1`)
      const select = { id: true, meta: true }
      const expected = await plain.user.findMany({ select, orderBy: { id: 'asc' } })
      expect(JSON.parse(text)).toEqual(expected[0]?.meta)
      for (const status of ['miss', 'hit']) {
        const { data, info } = await prisma.$cache.withCacheInfo(
          prisma.user.findMany({ select, orderBy: { id: 'asc' } }),
        )
        expect(said(info)).toBe(status)
        expect(data).toEqual(expected)
        expect(JSON.stringify(data)).toBe(JSON.stringify(expected))
      }
      expect({}).not.toHaveProperty('polluted')
    })
  })

  it('of different kinds in one column of different rows keeps each its own', async () => {
    const { prisma, plain } = spec.cached()
    const metas = [{ a: 1 }, ['x'], 'text', 0, false, [[]], { a: { '#': 1 } }]
    for (const [i, meta] of metas.entries()) await plain.user.create({ data: { email: `${i}@example.test`, meta } })
    const expected = await plain.user.findMany({ orderBy: { id: 'asc' } })
    for (const _ of ['miss', 'hit'])
      expect(await prisma.user.findMany({ orderBy: { id: 'asc' } })).toStrictEqual(expected)
  })

  it('that is null beside values, in every column, stays null', async () => {
    const { prisma, plain } = spec.cached()
    await plain.user.update({ where: { id: 2 }, data: { bytes: new Uint8Array([1]), meta: { a: 1 }, name: 'Bob' } })
    for (const order of ['asc', 'desc'] as const) {
      const expected = await plain.user.findMany({ orderBy: { id: order }, include: { manager: true, profile: true } })
      for (const _ of ['miss', 'hit']) {
        const read = prisma.user.findMany({ orderBy: { id: order }, include: { manager: true, profile: true } })
        expect(await read).toStrictEqual(expected)
      }
    }
  })

  it('keeps the order of its fields', async () => {
    const { prisma, plain } = spec.cached()
    const select = { name: true, id: true, posts: { select: { title: true, id: true } }, email: true } as const
    const expected = JSON.stringify(await plain.user.findMany({ select: { ...select, balance: true } }))
    for (const _ of ['miss', 'hit']) {
      expect(JSON.stringify(await prisma.user.findMany({ select: { ...select, balance: true } }))).toBe(expected)
    }
  })
})

describe('a value only PostgreSQL has', () => {
  for (const combination of [
    { provider: 'postgresql', generator: 'ts', store: 'redis' },
    { provider: 'postgresql', generator: 'js', store: 'memory' },
  ] as const) {
    describe(`(client-${combination.generator}, ${combination.store})`, () => {
      const bed = useTestBed(combination)
      const spec = useSpec(bed)

      it('is a list: of numbers, texts, decimals, or of nothing', async () => {
        const { prisma, plain, Prisma } = spec.cached()
        await plain.sensor.createMany({
          data: [
            { label: 'full', readings: [1.5, -2, 0], names: ['a,b', '', '😀', 'NULL', '{}'], amounts: ['0.1', '-3'] },
            { label: 'empty', readings: [], names: [], amounts: [] },
            { label: 'long', readings: [1], names: ['x'], amounts: ['12345678901234567890.123456789'] },
          ],
        })
        const expected = await plain.sensor.findMany({ orderBy: { id: 'asc' } })
        for (const _ of ['miss', 'hit']) {
          const sensors = await prisma.sensor.findMany({ orderBy: { id: 'asc' } })
          expect(sensors).toStrictEqual(expected)
          for (const amount of sensors.flatMap(({ amounts }) => amounts)) expect(amount).toBeInstanceOf(Prisma.Decimal)
          expect(sensors[2]?.amounts[0]?.toFixed()).toBe('12345678901234567890.123456789')
        }
      })

      it('is NaN or without end, alone and in a list', async () => {
        const { prisma, plain } = spec.cached()
        await bed.database.execute(`UPDATE users SET ratio = 'NaN' WHERE id = 1; UPDATE users SET ratio = 'Infinity' WHERE id = 2;
          UPDATE users SET ratio = '-Infinity', balance = 'NaN' WHERE id = 3;
          INSERT INTO "Sensor" (label, readings, names, amounts) VALUES ('odd', '{NaN,Infinity,-Infinity,-0,1}', '{}', '{NaN,1}')`)
        const users = { orderBy: { id: 'asc' }, select: { ratio: true, balance: true } } as const
        const expected = [await plain.user.findMany(users), await plain.sensor.findMany()]
        for (const _ of ['miss', 'hit']) {
          const seen = await prisma.user.findMany(users)
          expect(seen.map(({ ratio }) => ratio)).toEqual([NaN, Infinity, -Infinity])
          expect(seen[2]?.balance.isNaN()).toBe(true)
          const sensors = await prisma.sensor.findMany()
          expect(Object.is(sensors[0]?.readings[3], -0)).toBe(true)
          expect([seen, sensors]).toStrictEqual(expected)
        }
      })

      it('comes from raw SQL in any kind Prisma can read', async () => {
        const { prisma, plain } = spec.cached()
        const columns = `1::numeric AS n, 1.10::numeric AS m, '{"a":[1,null]}'::jsonb AS j, 'null'::jsonb AS jn,
          '1969-07-20'::date AS d, '10:11:12'::time AS t, true AS b, 9007199254740993::bigint AS i, '\\x00ff'::bytea AS y,
          NULL AS z, ARRAY[1,2] AS a, ARRAY['x',NULL] AS s, 'NaN'::float8 AS f, '1.5'::float4 AS g,
          'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, 'x'::char(3) AS c, now() - now() IS NULL AS never`
        const statement = `SELECT ${columns} UNION ALL SELECT ${columns}`
        const expected = await plain.$queryRawUnsafe(statement)
        for (const status of ['miss', 'hit']) {
          const read = prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe(statement))
          const { data, info } = await prisma.$cache.withCacheInfo(read)
          expect(said(info)).toBe(status)
          expect(data).toStrictEqual(expected)
        }
      })

      it('is found by a list in `where`', async () => {
        const { prisma, plain } = spec.cached()
        await plain.sensor.create({ data: { label: 'a', readings: [1, 2], names: ['x', 'y'], amounts: [] } })
        const finds = (names: string[]) => prisma.sensor.findMany({ where: { names: { equals: names } } })
        for (const _ of ['miss', 'hit']) {
          expect(await finds(['x', 'y'])).toHaveLength(1)
          // The order in a list is part of it, other than in `in`.
          expect(await finds(['y', 'x'])).toHaveLength(0)
          expect(await prisma.sensor.findMany({ where: { names: { hasSome: ['y', 'q'] } } })).toHaveLength(1)
        }
      })
    })
  }
})
