import { beforeAll, describe, expect, it } from 'vitest'
import {
  clients,
  compile,
  compilers,
  EXTENSION,
  expectWithinBudget,
  filesFor,
  prepareTypeProjects,
} from './type-project.ts'

beforeAll(() => prepareTypeProjects(clients))

describe('the types of a cached client', () => {
  // The repository's own compiler is between the two, and measures the budget with every client.
  const matrix = clients.flatMap((client) =>
    compilers
      .filter((compiler) => compiler !== '5.9' || client === 'prisma-client')
      .map((compiler) => ({ client, compiler })),
  )

  it.each(matrix)('are right in TypeScript $compiler with $client', async ({ client, compiler }) => {
    const { errors } = await compile(compiler, { client, extension: EXTENSION, files: filesFor(client) })
    expect(errors).toEqual([])
  })

  it('are right with `experimentalDecorators`', async () => {
    const files = ['decorators.ts']
    const legacy = { client: 'prisma-client', extension: EXTENSION, files, legacyDecorators: true } as const
    expect((await compile('5.9', legacy)).errors).toEqual([])
  })

  it.each(clients)('cost no more than the budget with %s', expectWithinBudget)
})
