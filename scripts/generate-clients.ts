import { ensureClient } from '../examples/setup/client.ts'
import { generateClients } from '../test/support/generated-clients.ts'

// The type checker and the unused-code check need the clients that tests, examples and documents import. The test set-up and
// the examples call the same functions for themselves.
for (const provider of ['sqlite', 'postgresql', 'mysql'] as const) {
  if (await generateClients(provider)) console.log(`generated the clients of test/.generated/${provider}`)
}
for (const name of ['demo', 'shop', 'docs'] as const) {
  if (ensureClient(name) === 'generated') console.log(`generated the client of prisma/${name}`)
}
