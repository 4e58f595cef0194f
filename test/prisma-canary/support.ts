import { existsSync } from 'node:fs'
import { it, type TestContext } from 'vitest'
import type { PrismaNamespace } from '../support/clients.ts'

/** What Prisma hands to a query hook: its public arguments, and those it does not document. */
export interface HookCall {
  readonly model: string | undefined
  readonly operation: string
  readonly args: Record<string, unknown>
  readonly query: (args: unknown) => PromiseLike<unknown>
  readonly __internalParams: {
    readonly args: unknown
    readonly dataPath: readonly string[]
    readonly transaction: { readonly kind: string; readonly id: unknown } | undefined
  }
}

/** The same client with this hook round every query, as `extension/cache-extension.ts` puts its own. */
export function withHook<Client>(client: Client, hook: (call: HookCall) => Promise<unknown>): Client {
  return extended(client, { query: { $allOperations: hook } })
}

/** `$extends` without its types, which know nothing of what is private. */
export function extended<Client>(client: Client, extension: unknown): Client {
  return (client as unknown as { $extends(extension: unknown): Client }).$extends(extension)
}

/** Hooks that write down what they are called with, and pass it on. */
export function recorder() {
  const calls: HookCall[] = []
  return {
    calls,
    hook: async (call: HookCall) => {
      calls.push(call)
      return call.query(call.args)
    },
  }
}

/** The members of a client that Prisma does not document, by name. */
export function privately(client: unknown): Readonly<Record<string, unknown>> {
  return client as Readonly<Record<string, unknown>>
}

/**
 * A fact about Prisma that a file of ours relies on. The test is named after the file, so that a Prisma upgrade that
 * breaks the fact points at the place.
 */
export function relies(file: string, fact: string, run: (context: TestContext) => Promise<void>): void {
  if (!existsSync(new URL(`../../src/${file}`, import.meta.url))) throw new Error(`there is no src/${file}`)
  it(`src/${file} relies on it: ${fact}`, run)
}

/** Values of a user with every scalar kind. */
export function everyScalar(Prisma: PrismaNamespace) {
  return {
    email: 'ada@example.test',
    name: 'Ada',
    role: 'ADMIN' as const,
    balance: new Prisma.Decimal('12.50'),
    ratio: 0.5,
    big: 2n ** 53n + 1n,
    bytes: new Uint8Array([0, 1, 255]),
    meta: { a: [1, null], b: { c: 'd' } },
    createdAt: new Date('2026-01-02T03:04:05.678Z'),
  }
}
