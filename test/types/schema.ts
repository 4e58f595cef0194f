/** The models a budget is measured on: many, and every one reachable from every other. */
export const MODELS = 50

/**
 * A schema of 50 models, each related to itself, to the one before and to the one after. The chain is the point: to
 * compare two types of one model, TypeScript may have to walk all of them.
 */
export function chainSchema(generators: string): string {
  const models = Array.from({ length: MODELS }, (_, i) => model(i))
  return [generators, DATASOURCE, KIND, ...models].join('\n')
}

export const PRISMA_CLIENT = `
generator client {
  provider            = "prisma-client"
  output              = "../client"
  moduleFormat        = "esm"
  importFileExtension = "ts"
}
`
export const PRISMA_CLIENT_JS = `
generator client {
  provider = "prisma-client-js"
}
`
export const PRISMA_CLIENT_JS_WITH_OUTPUT = `
generator client {
  provider = "prisma-client-js"
  output   = "../client"
}
`

const DATASOURCE = `
datasource db {
  provider = "postgresql"
}
`
const KIND = `
enum Kind {
  A
  B
}
`

function model(i: number): string {
  const hasPrevious = i > 0
  const hasNext = i < MODELS - 1
  return `
model M${i} {
  id       Int      @id @default(autoincrement())
  name     String
  email    String   @unique
  age      Int?
  price    Decimal
  at       DateTime @default(now())
  data     Json?
  flag     Boolean  @default(false)
  kind     Kind
  secret   String
  parentId Int?
  parent   M${i}?   @relation("self${i}", fields: [parentId], references: [id])
  children M${i}[]  @relation("self${i}")
${hasPrevious ? `  prevId Int\n  prev M${i - 1} @relation("chain${i}", fields: [prevId], references: [id], onDelete: Cascade)` : ''}
${hasNext ? `  nexts M${i + 1}[] @relation("chain${i + 1}")` : ''}
  @@unique([name, age])
}
`
}
