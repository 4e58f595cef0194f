import type { PrismaCacheControl } from '../extension/prisma-control.ts'
import { UNSPECIFIED } from './read-info.ts'
import type { AccelerateControl } from './surface-types.ts'

/** `prisma.$accelerate`, by what `prisma.$cache` does. */
export function invalidation(control: PrismaCacheControl): AccelerateControl {
  return {
    async invalidate({ tags }) {
      await control.invalidate({ tags })
      return { requestId: UNSPECIFIED }
    },
    async invalidateAll() {
      await control.clear()
      return { requestId: UNSPECIFIED }
    },
  }
}
