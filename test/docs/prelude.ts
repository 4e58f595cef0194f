/**
 * What the code blocks of the documents may use without saying where it comes from: the application round them. A block
 * that declares or imports one of these names itself means its own. Nothing here runs.
 */
import type { AsyncLocalStorage } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import type createExpress from 'express'
import type createFastify from 'fastify'
import type { Hono as HonoApp } from 'hono'
import type { Redis } from 'ioredis'
import type { PrismaClient as Client, Prisma as Namespace, User } from '../../prisma/docs/.generated/client/client.ts'
import type * as admin_ from '../../src/admin/index.ts'
import type * as cache_ from '../../src/index.ts'

const extended = (client: Client, extension: typeof cache_.cacheExtension) =>
  client.$extends(extension({ models: { Post: { ttl: 60 }, User: { ttl: 60 } } }))

declare global {
  // The client, plain and cached, and what it is made of.
  const PrismaClient: typeof Client
  type PrismaClient = Client
  const Prisma: typeof Namespace
  const base: Client
  const adapter: SqlDriverAdapterFactory
  const prisma: ReturnType<typeof extended>
  const redis: Redis
  const fieldEncryption: { name: string }

  // The package, where a block is about one call of it.
  const cacheExtension: typeof cache_.cacheExtension
  const createCache: typeof cache_.createCache
  const memoryStore: typeof cache_.memoryStore
  const redisStore: typeof cache_.redisStore
  const cache: ReturnType<typeof cache_.createCache>
  const adminHandler: typeof admin_.adminHandler
  const bearerToken: typeof admin_.bearerToken
  const admin: ReturnType<typeof admin_.adminHandler>

  // The application.
  const express: typeof createExpress
  const fastify: typeof createFastify
  const Hono: typeof HonoApp
  const app: ReturnType<typeof createExpress>
  const bus: EventEmitter
  const tenant: AsyncLocalStorage<string>
  const request: Request
  const handle: (request: Request) => Promise<Response>
  const log: { info: (told: unknown) => void }
  const title: string
  const id: number
  const key: string
  const old: string
  const digestKey: string
  const SECTIONS: string[]
  const buildReport: () => Promise<{ total: number }>
  const loadProfile: (id: number, locale?: string) => Promise<User | null>
  const warmReports: () => Promise<void>
}
