export * from '@prisma/extension-accelerate'
