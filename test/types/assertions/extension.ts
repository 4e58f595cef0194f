export { cacheExtension } from 'prisma-extension-query-cache'
