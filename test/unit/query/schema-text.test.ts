import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ModelText, readSchemaText } from '../../../src/query/schema-text.ts'
import { testSchema } from './graph-of.ts'

/** The one model of `schema`. */
function modelOf(schema: string): ModelText {
  const models = [...readSchemaText(schema).models.values()]
  expect(models).toHaveLength(1)
  return models[0] as ModelText
}

/** A model with these lines in it. */
const model = (...lines: string[]) => modelOf(`model M {\n${lines.join('\n')}\n}`)

describe('blocks', () => {
  it('are models and views; enums, types, generators and data sources are none', () => {
    const { models } = readSchemaText(`
      generator client { provider = "prisma-client" }
      datasource db { provider = "sqlite" }
      enum Role { USER ADMIN }
      type Photo { url String }
      model User { id Int @id }
      view Stats { id Int @unique }
    `)
    expect([...models].map(([name, { isView }]) => [name, isView])).toEqual([
      ['User', false],
      ['Stats', true],
    ])
  })

  it('end at their own brace, whatever stands in strings and comments', () => {
    const { models } = readSchemaText(`
      model A {
        // }
        /* } model X { } */
        open  String @default("}")  // }
        both  String @default("\\"} model Y {")
        json  Json   @default("{\\"a\\": {}}")
        last  Int    @unique
      }
      /// model Z { id Int @id }
      model B {
        id Int @id
      }
    `)
    expect([...models.keys()]).toEqual(['A', 'B'])
    expect([...(models.get('A')?.fields.keys() ?? [])]).toEqual(['open', 'both', 'json', 'last'])
    expect(models.get('A')?.uniques).toEqual([{ name: 'last', fields: ['last'] }])
  })

  it('may have Windows line ends', () => {
    const unix = readSchemaText(testSchema)
    expect(readSchemaText(testSchema.replaceAll('\n', '\r\n'))).toEqual(unix)
  })
})

describe('comments', () => {
  it('hide fields and attributes', () => {
    const { fields, uniques } = model(
      '/// email String @unique',
      '// id Int @id',
      '/* old Int @unique',
      '   older Int @unique */',
      'name String // @unique',
      'nick String /* @unique */ @db.Text',
    )
    expect([...fields.keys()]).toEqual(['name', 'nick'])
    expect(fields.get('nick')?.nativeType).toBe('Text')
    expect(uniques).toEqual([])
  })

  it('do not begin inside a string', () => {
    const { uniques } = model('url String @default("https://example.test/*") @unique')
    expect(uniques).toEqual([{ name: 'url', fields: ['url'] }])
  })

  it('may hold a quotation mark', () => {
    expect(model('/// the 5" disk', 'id Int @id // "', 'size Int').fields.size).toBe(2)
  })
})

describe('fields', () => {
  it.each([
    ['id Int', { type: 'Int', isList: false, isRequired: true }],
    ['id Int?', { type: 'Int', isList: false, isRequired: false }],
    ['names String[]', { type: 'String', isList: true, isRequired: true }],
    ['key String @db.Uuid', { type: 'String', isList: false, isRequired: true, nativeType: 'Uuid' }],
    [
      'key String? @db.VarChar(255) @unique',
      { type: 'String', isList: false, isRequired: false, nativeType: 'VarChar', nativeSize: 255 },
    ],
    ['place Unsupported("point")?', { isList: false, isRequired: false }],
    ['places Unsupported("geometry(Point, 4326)")[]', { isList: true, isRequired: true }],
  ])('%s', (line, expected) => {
    expect([...model(line).fields.values()]).toEqual([{ ...expected, isUpdatedAt: false }])
  })

  it.each([
    ['role Role @default(USER)', 'USER'],
    ['views Int @default(-1) @map("n")', '-1'],
    ['title String @default("a, (b) @id")', '"a, (b) @id"'],
    ['created DateTime @default(now())', 'now()'],
    ['total Int @default(dbgenerated())', 'dbgenerated()'],
    ['code String @default(dbgenerated("f(1, \'a\')"))', 'dbgenerated("f(1, \'a\')")'],
    ['title String @map("@default(1)")', undefined],
  ])('%s begin as %s', (line, source) => {
    expect([...model(line).fields.values()].map((field) => field.default)).toEqual([source])
  })

  it('may be written with every update', () => {
    const { fields } = model('changed DateTime @default(now()) @updatedAt', 'title String @map("@updatedAt")')
    expect([...fields.values()].map(({ isUpdatedAt }) => isUpdatedAt)).toEqual([true, false])
  })

  it('are not confused by what their strings say', () => {
    const { fields, uniques } = model(
      'a String @default("@unique @id @db.Uuid @relation(fields: [a])") @map("@unique")',
      'b String @default(dbgenerated("gen(\')\', \\"@id\\")"))',
    )
    expect(fields.get('a')).toEqual({
      type: 'String',
      isList: false,
      isRequired: true,
      isUpdatedAt: false,
      default: '"@unique @id @db.Uuid @relation(fields: [a])"',
    })
    expect(uniques).toEqual([])
  })
})

describe('unique keys', () => {
  it('come with the id first, then in the order of the schema', () => {
    const { uniques } = model(
      'email String @unique',
      'id Int @id @default(autoincrement())',
      'a Int',
      '@@unique([a, id])',
    )
    expect(uniques.map(({ name }) => name)).toEqual(['id', 'email', 'a_id'])
  })

  it.each([
    ['@@id([a, b])', 'a_b', ['a', 'b']],
    ['@@id(fields: [a, b])', 'a_b', ['a', 'b']],
    ['@@id([a, b], name: "pair")', 'pair', ['a', 'b']],
    ['@@id(name: "pair", fields: [a, b])', 'pair', ['a', 'b']],
    ['@@unique([a, b], map: "table_pair_key")', 'a_b', ['a', 'b']],
    ['@@unique([a, b], name: "pair", map: "table_pair_key")', 'pair', ['a', 'b']],
    ['@@unique([a(sort: Desc), b])', 'a_b', ['a', 'b']],
    ['@@unique([a(length: 10, sort: Desc), b(ops: raw("x, y"))], map: "m")', 'a_b', ['a', 'b']],
    ['@@unique([\n  a,\n  b,\n])', 'a_b', ['a', 'b']],
    ['@@unique([b, a])', 'b_a', ['b', 'a']],
    ['@@unique([a])', 'a', ['a']],
  ])('%s', (attribute, name, fields) => {
    expect(model('a Int', 'b String', attribute).uniques).toEqual([{ name, fields }])
  })

  it.each(['a Int @id(map: "pk")', 'a Int @unique(sort: Desc)', 'a Int @map("b") @unique'])('%s', (line) => {
    expect(model(line).uniques).toEqual([{ name: 'a', fields: ['a'] }])
  })

  it('are not indexes', () => {
    expect(model('a Int', '@@index([a], name: "x")', '@@fulltext([a])', '@@map("unique")').uniques).toEqual([])
  })
})

describe('relations', () => {
  it.each([
    '@relation("writes", fields: [a, b], references: [x, y], onDelete: Cascade, onUpdate: NoAction)',
    '@relation(onUpdate: NoAction, references: [x, y], fields: [a, b], onDelete: Cascade, name: "writes")',
    '@relation(fields: [a, b], references: [x, y], "writes", onDelete: Cascade, onUpdate: NoAction)',
    '@relation(\n  fields: [a, b], // the key\n  references: [x,\n y],\n  onDelete: Cascade,\n  onUpdate: NoAction\n)',
    '@relation(name:"writes",fields:[a,b],references:[x,y],onDelete:Cascade,onUpdate:NoAction,map:"fk")',
  ])('%s', (attribute) => {
    expect(model(`other Other ${attribute}`).fields.get('other')?.relation).toMatchObject({
      from: ['a', 'b'],
      references: ['x', 'y'],
      onDelete: 'Cascade',
      onUpdate: 'NoAction',
    })
  })

  it('say no action that is not written', () => {
    const { fields } = model('one Other @relation(fields: [a], references: [id])')
    expect(fields.get('one')?.relation).toEqual({ from: ['a'], references: ['id'] })
  })

  it('hold no columns on the side of the list', () => {
    expect(model('many Other[] @relation("writes")').fields.get('many')?.relation).toMatchObject({ from: [] })
  })
})

describe('text that is not quite a schema', () => {
  it('never throws, cut off anywhere', () => {
    for (let end = 0; end <= testSchema.length; end += 7) readSchemaText(testSchema.slice(0, end))
  })

  it('never throws, whatever it is', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(...'model M {|}|"|(|)|[|]|@@id|@unique|//|/*|*/|\\|\n|a Int'.split('|')),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        readSchemaText(pieces.join(''))
      }),
    )
  })
})
