/** How finely the reads of a model are invalidated. */
export type Precision = 'tags' | 'model' | 'row' | 'shape'

/** How finely a read is invalidated by writes to one model, at one place of the query. */
export interface Dependency {
  readonly model: string
  readonly precision: Precision
  /** Columns compared by equality: only rows with these values matter. */
  readonly fields: readonly string[]
  /** Columns whose change matters; `undefined`: any. */
  readonly columns?: readonly string[] | undefined
  /** Why it is not finer. */
  readonly because?: Coarseness | undefined
}

export type Coarseness =
  /** The `invalidation` option says so. */
  | 'option'
  /** `vary`, or an extension applied later, may choose rows by columns that are not seen here. */
  | 'hidden-conditions'
  /** The text of the schema is not known, or not that of this client. */
  | 'schema-unknown'
  /** `maxTags` would be exceeded. */
  | 'too-many-tags'
  /** This client has registered as many shapes of the model as it may for now. */
  | 'too-many-shapes'
  /** Another place of the query depends on the whole model. */
  | 'model-elsewhere'
