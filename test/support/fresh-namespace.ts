import { randomUUID } from 'node:crypto'

/** A Redis prefix nobody else uses: test files share one server and never flush it. */
export function freshNamespace(): string {
  return `test-${randomUUID()}:`
}
