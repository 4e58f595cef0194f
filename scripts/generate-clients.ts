import { ensureClient } from '../examples/setup/client.ts'
import { generateClients } from '../test/support/generated-clients.ts'

// The type checker and the unused-code check need the clients that tests and examples import. The test set-up and the
// demo call the same functions for themselves.
for (const provider of ['sqlite', 'postgresql'] as const) {
  if (await generateClients(provider)) console.log(`generated the clients of test/.generated/${provider}`)
}
if (ensureClient() === 'generated') console.log("generated the demo's client")
