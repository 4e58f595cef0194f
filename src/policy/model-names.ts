/**
 * The names of a client's models: `'User' | 'Post'`, for `typeof prisma` and for `PrismaClient`, of either generator,
 * extended or not. `string` where nothing is known of the client.
 */
export type ModelNameOf<Client> = unknown extends Client
  ? string
  : {
      [P in keyof Client & string]: Client[P] extends WithPayload<{ name: infer Name extends string }> ? Name : never
    }[keyof Client & string]

/** The names of a model's columns, as Prisma spells them: `FieldNameOf<typeof prisma, 'User'>`. */
export type FieldNameOf<Client, Model extends string> = unknown extends Client
  ? string
  : Client extends Record<Uncapitalize<Model>, WithPayload<{ scalars: infer Scalars }>>
    ? keyof Scalars & string
    : never

type WithPayload<P> = { [K: symbol]: { types: { payload: P } } }
