export { withAccelerate } from './accelerated-client.ts'
export type {
  AcceleratedMethod,
  AccelerateInfo,
  AccelerateInvalidateInput,
  AcceleratePromise,
  PrismaCacheStrategy,
  WithAccelerateOptions,
} from './surface-types.ts'
