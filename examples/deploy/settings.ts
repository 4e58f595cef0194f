import { readFileSync } from 'node:fs'

export interface Settings {
  readonly databaseUrl: string
  readonly redis: RedisSettings
  readonly prefix: string
  readonly adminToken: string
  readonly host: string
  /** The shop: what the world may reach. */
  readonly port: number
  /** Metrics, health, the admin API: what only operators may reach. */
  readonly operationsPort: number
  /** Shorter than what the platform waits between SIGTERM and SIGKILL. */
  readonly shutdownMs: number
}

export interface RedisSettings {
  /** `redis://user@host:6379`, or `rediss://` for TLS. Without the password, which would then be in every listing. */
  readonly url: string
  readonly password: string
  /** The authority that signed the certificate of the server, where the system does not know it. */
  readonly ca?: string | undefined
}

/** Secrets come in files: variables are inherited by child processes and shown by `docker inspect`. */
export function settingsOf(env: NodeJS.ProcessEnv): Settings {
  return {
    databaseUrl: required('DATABASE_URL'),
    redis: { url: required('REDIS_URL'), password: secret('REDIS_PASSWORD_FILE'), ca: file('REDIS_CA_FILE') },
    prefix: required('CACHE_PREFIX'),
    adminToken: secret('CACHE_ADMIN_TOKEN_FILE'),
    host: env['HOST'] ?? '0.0.0.0',
    port: wholeNumber('PORT', 3000),
    operationsPort: wholeNumber('OPERATIONS_PORT', 9091),
    shutdownMs: 1000 * wholeNumber('SHUTDOWN_SECONDS', 20),
  }

  function wholeNumber(name: string, otherwise: number): number {
    const number = Number(env[name] ?? otherwise)
    if (!Number.isInteger(number) || number < 0) throw new Error(`${name} is no whole number`)
    return number
  }

  function required(name: string): string {
    const value = env[name]
    if (!value) throw new Error(`${name} is not set`)
    return value
  }
  function file(name: string): string | undefined {
    const path = env[name]
    return path ? readFileSync(path, 'utf8') : undefined
  }
  function secret(name: string): string {
    required(name)
    const text = file(name)?.trim()
    if (!text) throw new Error(`the file of ${name} is empty`)
    return text
  }
}
