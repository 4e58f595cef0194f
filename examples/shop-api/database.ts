import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/shop/.generated/client/client.ts'
import { CATEGORIES, productRows } from './teas.ts'

const migrations = new URL('../../prisma/shop/migrations/', import.meta.url)

/** A new database with the shop's stock, in a folder of its own that `remove` deletes: every run begins alike. */
export async function createDatabase(): Promise<{ url: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'shop-'))
  const url = `file:${join(folder, 'shop.db')}`
  await fillDatabase(url)
  return { url, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Tables and stock, unless they are there. In your project: `prisma migrate deploy`, before the application starts. */
export async function fillDatabase(url: string): Promise<void> {
  const adapter = new PrismaLibSql({ url })
  const connection = await adapter.connect()
  const sql = "SELECT name FROM sqlite_master WHERE name = 'Product'"
  const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] })
  if (rows.length === 0) {
    await connection.executeScript('PRAGMA journal_mode = WAL')
    for (const name of readdirSync(migrations).sort()) {
      await connection.executeScript(readFileSync(new URL(`${name}/migration.sql`, migrations), 'utf8'))
    }
  }
  await connection.dispose()
  if (rows.length > 0) return

  const prisma = new PrismaClient({ adapter })
  await prisma.category.createMany({ data: CATEGORIES })
  await prisma.product.createMany({ data: productRows() })
  await prisma.$disconnect()
}
