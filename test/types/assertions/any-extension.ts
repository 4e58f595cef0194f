import type { CachedModel } from 'prisma-extension-query-cache/extension/typed-client'

// What the extension would be if it gave up: every operation takes anything and returns anything. Every assertion
// must fail against it.

type Anything = any
type Untyped = () => (args?: Anything) => Anything
interface Extended {
  $extends: {
    extArgs: {
      result: {}
      model: { $allModels: { [_ in keyof CachedModel]: Untyped } }
      query: {}
      client: { $cache: () => Anything; $accelerate: () => Anything }
    }
  }
}

export declare const cacheExtension: {
  (options?: Anything): (client: Anything) => Extended
  (client: Anything): Extended
}

export declare const withAccelerate: () => (client: Anything) => Extended
export type { Anything as AccelerateInfo, Anything as PrismaCacheStrategy }
export type AcceleratePromise<_> = Anything
