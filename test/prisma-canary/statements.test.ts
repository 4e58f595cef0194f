import { beforeAll, beforeEach, describe, expect } from 'vitest'
import type { OpenedClient } from '../support/clients.ts'
import { type Combination, describeCombinations } from '../support/matrix.ts'
import { relies } from './support.ts'

const everyProvider: readonly Combination[] = [
  { provider: 'sqlite', generator: 'ts', store: 'memory' },
  { provider: 'postgresql', generator: 'ts', store: 'memory' },
  { provider: 'mysql', generator: 'ts', store: 'memory' },
]

/**
 * Which statements a write is made of, and so which of its rows are those it wrote. A row that is read by a statement
 * before the writing one may be another by then, and under REPEATABLE READ on MySQL be of an older snapshot.
 */
describeCombinations(
  'a write',
  (bed) => {
    let opened: OpenedClient
    beforeAll(async () => {
      opened = await bed.open()
    })
    beforeEach(async () => {
      await bed.database.reset()
      await opened.prisma.user.create({ data: { id: 1, email: 'a', name: 'x' } })
      await opened.prisma.post.create({ data: { id: 1, title: 't', authorId: 1 } })
      opened.sql.clear()
    })

    const returning = bed.provider !== 'mysql'
    /** The statements that touch the table, each by its verb, the columns of its WHERE, and whether it returns rows. */
    async function sent(table: string, write: PromiseLike<unknown>): Promise<string[]> {
      await write
      return opened.sql.statements
        .map((sql) => sql.replaceAll(/["`]/g, '').replaceAll(/\b(main|public|test_\w+)\./g, ''))
        .filter((sql) => new RegExp(`(INTO|UPDATE|FROM) ${table}\\b`).test(sql))
        .map((sql) => {
          const conditions = /\bWHERE (.*?)(RETURNING|LIMIT|OFFSET|$)/s.exec(sql)?.[1] ?? ''
          const columns = [...conditions.matchAll(/(\w+)\)?\s*(?:=|IN)/g)].map(([, column]) => column)
          const named = [...new Set(columns)].filter((column) => column !== '1').sort()
          return [sql.split(' ')[0], ...named, ...(/\bRETURNING\b/.test(sql) ? ['RETURNING'] : [])].join(' ')
        })
    }
    const where = { id: 1, views: 0 }

    describe('that deletes a row', () => {
      relies('query/write-set.ts', 'returns the row it deleted, or one it read before', async () => {
        const statements = await sent('Post', opened.prisma.post.delete({ where }))
        expect(statements).toEqual(returning ? ['DELETE id views RETURNING'] : ['SELECT id views', 'DELETE id views'])
      })

      relies('query/write-set.ts', 'reads it before when it shows relations', async () => {
        const statements = await sent('Post', opened.prisma.post.delete({ where, include: { author: true } }))
        expect([statements[0]?.split(' ')[0], statements.at(-1)]).toEqual(['SELECT', 'DELETE id views'])
      })

      relies('query/write-set.ts', 'of many looks at the conditions itself', async () => {
        expect(await sent('Post', opened.prisma.post.deleteMany({ where }))).toEqual(['DELETE id views'])
      })
    })

    describe('that updates a row', () => {
      const data = { title: 'u' }
      const found = returning ? [] : ['SELECT id views']
      const updated = returning ? ['UPDATE id views RETURNING'] : ['UPDATE id views', 'SELECT id']

      relies('query/write-set.ts', 'looks at the conditions itself, and shows the row after that', async () => {
        expect(await sent('Post', opened.prisma.post.update({ where, data }))).toEqual([...found, ...updated])
      })

      relies('query/write-set.ts', 'does so when it connects', async () => {
        const write = opened.prisma.post.update({ where, data: { author: { connect: { id: 1 } } } })
        expect(await sent('Post', write)).toContain(returning ? 'UPDATE id views RETURNING' : 'UPDATE id views')
      })

      relies('query/write-set.ts', 'does not when its relation is written with it', async () => {
        const write = opened.prisma.post.update({ where, data: { author: { disconnect: true } } })
        const statements = await sent('Post', write)
        expect(statements[0]).toBe('SELECT id views')
        expect(statements).toContain('UPDATE id')
      })

      relies('query/write-set.ts', 'of many looks at the conditions itself', async () => {
        expect(await sent('Post', opened.prisma.post.updateMany({ where, data }))).toEqual(['UPDATE id views'])
      })
    })

    describe('that is nested', () => {
      const author = (posts: object) => opened.prisma.user.update({ where: { id: 1 }, data: { posts } })

      relies('query/write-set.ts', 'repeats the key and the conditions of a row of a list', async () => {
        const statements = await sent('Post', author({ update: { where, data: { title: 'u' } } }))
        expect(statements.at(-1)).toMatch(/^UPDATE id views/)
      })

      relies('query/write-set.ts', 'repeats the conditions of a single relation', async () => {
        const update = { where: { active: true }, data: { name: 'y' } }
        const write = opened.prisma.post.update({ where: { id: 1 }, data: { author: { update } } })
        const statements = await sent('users', write)
        expect(statements.filter((statement) => statement.startsWith('UPDATE'))).toEqual([
          returning ? 'UPDATE active id RETURNING' : 'UPDATE active id',
        ])
      })

      relies('query/write-set.ts', 'repeats none of `updateMany` and `deleteMany`', async () => {
        const many = await sent('Post', author({ updateMany: { where: { views: 0 }, data: { title: 'u' } } }))
        expect(many.at(-1)).toBe('UPDATE id')
        opened.sql.clear()
        const gone = await sent('Post', author({ deleteMany: { views: 0 } }))
        expect(gone.at(-1)).toBe('DELETE id')
      })
    })
  },
  everyProvider,
)
