/**
 * Through it this package's own doors tell of what was done through them; in no list of `$cache`'s methods. Registered,
 * for a process may have this package twice, as a module and as CommonJS.
 */
export const TELL: unique symbol = Symbol.for('prisma-extension-query-cache.tell')
