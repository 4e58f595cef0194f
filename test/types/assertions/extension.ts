import type { CacheControl } from 'prisma-extension-query-cache/control/cache-control'
import type { CacheExtension } from 'prisma-extension-query-cache/extension/typed-client'
import type { CacheOptions } from 'prisma-extension-query-cache/policy/options'

export declare const cacheExtension: CacheExtension<CacheOptions, CacheControl>
