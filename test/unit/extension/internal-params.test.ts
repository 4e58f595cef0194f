import { describe, expect, it } from 'vitest'
import { hookCall, transactionId } from '../../../src/extension/internal-params.ts'

// That Prisma passes such parameters is held against real clients in `test/prisma-canary`.

describe('a hook is called', () => {
  it.each<[string, unknown, unknown]>([
    ['outside a transaction', { dataPath: [] }, { transaction: undefined, dataPath: [] }],
    [
      'in an interactive one',
      { transaction: { kind: 'itx', id: 'a' }, dataPath: [] },
      { transaction: { kind: 'interactive', id: 'a' }, dataPath: [] },
    ],
    [
      'in a batch',
      { transaction: { kind: 'batch', id: 7 }, dataPath: [] },
      { transaction: { kind: 'batch', id: '7' }, dataPath: [] },
    ],
    [
      'in a kind nobody knows, which is taken for the stricter one',
      { transaction: { kind: 'new', id: 'a' } },
      { transaction: { kind: 'interactive', id: 'a' }, dataPath: [] },
    ],
    ['by the fluent API', { dataPath: ['select', 'posts'] }, { transaction: undefined, dataPath: ['select', 'posts'] }],
    ['without parameters', undefined, { transaction: undefined, dataPath: [] }],
    ['with others than we know', { dataPath: 'select', transaction: null }, { transaction: null, dataPath: [] }],
  ])('%s', (_, params, expected) => {
    expect(hookCall(params)).toEqual(expected)
  })
})

describe('the id of a transaction is read', () => {
  it('from the scope of its client', () => {
    expect(transactionId({ [Symbol.for('prisma.client.transaction.scope_context')]: { txId: 'a' } })).toBe('a')
  })

  it('or from the promises its client makes', () => {
    const client = {
      _createPrismaPromise: (run: (transaction: { id: string }) => Promise<void>) => ({
        // biome-ignore lint/suspicious/noThenProperty: a lazy promise, as Prisma's are
        then: (resolve: () => void) => run({ id: 'b' }).then(resolve),
      }),
    }
    expect(transactionId(client)).toBe('b')
  })

  it('or not at all', () => {
    expect(transactionId({})).toBeUndefined()
  })
})
