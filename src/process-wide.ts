/**
 * Something that all copies of this package in a process share. Bundlers and module systems load it more than once: once for
 * pages and once for route handlers, as ESM and as CommonJS, again at a hot reload. Only what hangs on `globalThis` is common
 * to all copies. `name` ends with the number of its layout: a copy that has another layout must not touch this one.
 */
export function processWide<T>(name: `${string}@${number}`, make: () => T): T {
  const holder = globalThis as { [name: symbol]: T | undefined }
  return (holder[Symbol.for(`prisma-extension-query-cache/${name}`)] ??= make())
}
