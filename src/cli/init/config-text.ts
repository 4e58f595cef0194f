import { type FieldText, type ModelText, readSchemaText } from '../../query/schema-text.ts'

export interface ConfigParts {
  readonly schema: string
  readonly prefix: string
  /** The module that exports `PrismaClient`. */
  readonly client: string
}

/** Fields whose names say that they are nobody else's business. */
const SECRET = /passw|passphrase|secret|token|otp|salt|apikey|privatekey|credential/i
/** Rows that are read once, or must not be read again a moment later. */
const FLEETING = /^(sessions?|\w*tokens?|passwordresets?|\w*otps?)$/i

/**
 * A config file with a line for each model. Which of them are worth caching no schema says: their lines are comments. What
 * protects a model is none.
 */
export function configText({ schema, prefix, client }: ConfigParts): string {
  const models = [...readSchemaText(schema).models].filter(([, { isIgnored }]) => !isIgnored)
  return `import { defineCacheConfig } from 'prisma-extension-query-cache'
import type { PrismaClient } from '${client}'

// Uncomment models that are read often and written seldom. Every write of a cached client invalidates what it changed; a
// \`ttl\` bounds what other writers leave behind. Seconds, or 'short' (60), 'medium' (300), 'long' (1800), 'hour', 'day'.
// \`npx prisma-extension-query-cache advise --url …\` tells of a running process which reads are worth it.
export default defineCacheConfig<PrismaClient>({
  prefix: ${quoted(prefix)},
  models: {
${models.map(([name, model]) => modelLine(name, model)).join('\n')}
  },
})
`
}

function modelLine(name: string, model: ModelText): string {
  if (model.isView) return `    // A view: name the models it reads.\n    // ${name}: { ttl: 'short', dependsOn: [] },`
  if (FLEETING.test(name)) return `    ${name}: false, // never stored, nor as part of another model's result`
  const secrets = [...model.fields].filter((field) => isSecret(...field)).map(([field]) => quoted(field))
  if (secrets.length === 0) return `    // ${name}: { ttl: 'medium' },`
  return `    ${name}: { neverCache: [${secrets.join(', ')}] }, // and ttl: 'medium'`
}

function isSecret(name: string, { type }: FieldText): boolean {
  return (type === 'String' || type === 'Bytes') && SECRET.test(name.replaceAll('_', ''))
}

function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
