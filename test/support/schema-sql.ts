import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import * as engine from '@prisma/schema-engine-wasm/schema_engine_bg'
import { mysqlTables } from './mysql-tables.ts'

const require = createRequire(import.meta.url)

/**
 * The DDL of a schema folder, from Prisma's own schema engine in its WebAssembly build: the native one is a download
 * that is not to be had where only the npm registry can be reached.
 *
 * `adapter` must reach a database of the schema's provider; it is asked about its capabilities, nothing is changed.
 */
export async function schemaSql(folder: string, adapter: SqlDriverAdapterFactory): Promise<string> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.prisma'))
    .map((name) => ({ path: name, content: readFileSync(join(folder, name), 'utf8') }))
  const datamodels = files.map(({ path, content }): [string, string] => [path, content])
  if (adapter.provider === 'mysql') return mysqlTables(datamodels)
  instantiate()
  // Freeing the engine closes no connection, and an open one keeps PostgreSQL from copying or dropping the database.
  const connections: SqlDriverAdapter[] = []
  const connect = async () => {
    const connection = await adapter.connect()
    connections.push(connection)
    return connection
  }
  const schemaEngine = await engine.SchemaEngine.new(
    { datamodels },
    () => {},
    bindMigrationAwareSqlAdapterFactory({
      provider: adapter.provider,
      adapterName: adapter.adapterName,
      connect,
      // Only migrations are tried out in a database of their own; none are read here.
      connectToShadowDb: connect,
    }),
  )
  try {
    const { stdout } = await schemaEngine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      exitCode: false,
      filters: { externalTables: [], externalEnums: [] },
    })
    return stdout ?? ''
  } finally {
    schemaEngine.free()
    await Promise.all(connections.map((connection) => connection.dispose()))
  }
}

let instantiated = false

function instantiate(): void {
  if (instantiated) return
  const wasm = require.resolve('@prisma/schema-engine-wasm').replace(/schema_engine\.js$/, 'schema_engine_bg.wasm')
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm)), {
    './schema_engine_bg.js': engine as unknown as WebAssembly.ModuleImports,
  })
  engine.__wbg_set_wasm(instance.exports)
  ;(instance.exports['__wbindgen_start'] as () => void)()
  instantiated = true
}
