export * from 'prisma-extension-query-cache/accelerate/index'
