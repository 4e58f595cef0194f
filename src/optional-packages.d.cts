type OptionalPackage = '@prisma/client/runtime/client' | 'croner' | 'ioredis' | 'iovalkey' | 'jiti' | 'redis'

/** Loads one of them, when it is called. */
declare const packages: {
  readonly [Name in OptionalPackage]: () => { readonly found?: unknown; readonly error?: unknown }
}
export = packages
