import { serve } from '@hono/node-server'
import { shopApp } from './app.ts'
import { openShop } from './client.ts'
import { createDatabase } from './database.ts'

/** Opens the shop on a database of its own. Port 0: any that is free. */
export async function startShop({ port }: { port: number }): Promise<{ url: string; close: () => Promise<void> }> {
  const database = await createDatabase()
  const prisma = openShop(database.url)
  const server = serve({ fetch: shopApp(prisma).fetch, port, hostname: '127.0.0.1' })
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')

  return {
    url: `http://localhost:${address.port}`,
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await prisma.$cache.disconnect() // waits for what is being stored
      await prisma.$disconnect()
      database.remove()
    },
  }
}
