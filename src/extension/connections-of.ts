import type { AnyClient } from './client.ts'

/**
 * What certainly tells the database of a client: its driver adapter, and the address, where the adapter shows it
 * (`PrismaPg` does). Without credentials.
 */
export function connectionsOf(client: AnyClient): (object | string)[] {
  const adapter = client._engineConfig?.adapter as Partial<Shown> | undefined
  if (!adapter) return []
  const { connectionString } = adapter.config ?? {}
  if (connectionString === undefined || !URL.canParse(connectionString)) return [adapter]
  const { host, pathname, searchParams } = new URL(connectionString)
  return [adapter, `${host}${pathname} ${adapter.options?.schema ?? searchParams.get('schema') ?? ''}`]
}

interface Shown {
  readonly config: { readonly connectionString?: string }
  readonly options: { readonly schema?: string }
}
