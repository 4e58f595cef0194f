import { environmentOptions, environmentRedis } from '../config/environment.ts'
import { loadConfig } from '../config/load-config.ts'
import type { CacheOptions } from '../policy/options.ts'

/**
 * Options given here ← config file ← environment. `models` and `defaults` merge, everything else is taken whole; what is
 * `undefined` in one layer says nothing, so that `prefix: process.env.PREFIX` leaves the layer below.
 */
export function withSurroundings(given: CacheOptions): CacheOptions {
  const file = given.configFile === false ? {} : loadConfig(given.configFile)
  // `store` and `redis` answer one question; the first layer that answers it counts, and the others are not looked at.
  const chosen = [given, file].find((layer) => layer.store ?? layer.redis)
  const env = environmentOptions(process.env)
  const { store, redis } = chosen ?? { store: undefined, redis: environmentRedis(process.env) }
  return {
    ...layered(env, file, given),
    store,
    redis,
    defaults: layered(env.defaults, file.defaults, given.defaults),
    models: layered(file.models, given.models),
  }
}

function layered<T extends object>(...layers: readonly (T | undefined)[]): T {
  const entries = layers.flatMap((layer) => Object.entries(layer ?? {}))
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T
}
