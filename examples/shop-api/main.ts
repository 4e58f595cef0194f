// npm run example:shop: a small shop's API and its page, on SQLite and a store in this process. Port 3000, or PORT.
// The client is generated first, so what imports it is loaded only afterwards.
import { ensureClient } from '../setup/client.ts'

ensureClient('shop')
const { startShop } = await import('./server.ts')
const shop = await startShop({ port: Number(process.env['PORT'] ?? 3000) })
console.log(`The shop is open: ${shop.url} (Ctrl+C closes it)`)

// Requests under way are answered, then the cache and the database are left. A second signal is not waited for.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await shop.close()
    console.log('closed')
  })
}
