import { environmentOptions, environmentRedis } from '../config/environment.ts'
import { loadConfig } from '../config/load-config.ts'
import type { CacheOptions } from '../policy/options.ts'

/**
 * Options given here ← environment ← config file. `models` and `defaults` merge, everything else is taken whole; what is
 * `undefined` in one layer says nothing, so that `prefix: process.env.PREFIX` leaves the layer below.
 */
export function withSurroundings(given: CacheOptions): CacheOptions {
  const file = given.configFile === false ? {} : loadConfig(given.configFile)
  // `store` and `redis` answer one question; the first layer that answers it counts, and the others are not looked at.
  const isGiven = given.store !== undefined || given.redis !== undefined
  const env = environmentOptions(process.env)
  const ofEnvironment = isGiven ? undefined : environmentRedis(process.env)
  const { store, redis } = isGiven ? given : ofEnvironment ? { store: undefined, redis: ofEnvironment } : file
  return {
    ...layered(file, env, given),
    store,
    redis,
    defaults: layered(file.defaults, env.defaults, given.defaults),
    models: layered(file.models, given.models),
  }
}

function layered<T extends object>(...layers: readonly (T | undefined)[]): T {
  const entries = layers.flatMap((layer) => Object.entries(layer ?? {}))
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T
}
