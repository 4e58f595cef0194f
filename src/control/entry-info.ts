import type { Clock } from '../clock.ts'
import { type Envelope, readEnvelope } from '../codec/envelope.ts'
import { decode } from '../codec/typed-json.ts'
import type { ModelGraph } from '../query/model-graph.ts'
import { modelOf } from '../tags/tag.ts'
import { VALUES } from '../values/value-context.ts'
import { printable, shapeOf } from './printable.ts'

/** An entry, without its value unless that was asked for. */
export interface EntryInfo {
  readonly key: string
  readonly model: string
  readonly operation: string
  readonly readAt: Date
  /** How long the database took, milliseconds. */
  readonly tookMs: number
  /** Milliseconds left until it expires, and until it may no longer be served stale. */
  readonly freshForMs: number
  readonly keptForMs: number
  /** How many tags it depends on. */
  readonly tags: number
  /** Those tags, where this process knows them: it has read or stored the entry. */
  readonly dependsOn: readonly string[] | null
  /** The versions its tags had when it was read; it is served while they are still current. */
  readonly versions: readonly string[]
  /** Whether a tag has another version by now; `null`: its tags are not known here, or the store does not say. */
  readonly isInvalidated: boolean | null
  readonly bytes: number
  /** The id of the key it is encrypted with; `null`: it is not. */
  readonly encryptedWith: string | null
  /** With `value: true`. */
  readonly value?: EntryValue
}

/** What an entry holds. */
export type EntryValue =
  /** As JSON can say it, long parts cut. */
  | { readonly isShown: true; readonly value: unknown; readonly shape: string }
  | { readonly isShown: false; readonly because: MaskReason }

export type MaskReason =
  /** What is encrypted is shown to nobody who merely looks after the cache. */
  | 'encrypted'
  /** It depends on a model of which something must not be stored or seen. */
  | 'sensitive-model'
  /** It could show such a model, and which ones it does is not known here: this process has not read it. */
  | 'unknown-models'
  /** Its bytes cannot be read. */
  | 'unreadable'

/** What of entries may be shown, and what this process knows of them. */
export interface EntryKnowledge {
  readonly clock: Clock
  readonly graph: ModelGraph
  /** Models whose rows are not for everybody's eyes. */
  readonly sensitiveModels: ReadonlySet<string>
  readonly tagsOf: (key: string) => readonly string[] | undefined
}

interface Found {
  readonly key: string
  readonly model: string
  readonly operation: string
  readonly bytes: string
}

/** `null`: its bytes are no entry of this version. What its tags are now the store knows. */
export function entryInfo(
  { key, model, operation, bytes }: Found,
  withValue: boolean,
  { clock, graph, sensitiveModels, tagsOf }: EntryKnowledge,
): Omit<EntryInfo, 'isInvalidated'> | null {
  let envelope: Envelope
  try {
    envelope = readEnvelope(bytes)
  } catch {
    return null
  }
  const ageMs = clock() - envelope.readAt
  const known = model === VALUES ? envelope.tags : tagsOf(key)
  const dependsOn = known?.length === envelope.versions.length ? known : null
  const shows = NO_RELATIONS.has(operation) ? new Set([model]) : reachedFrom(model, graph)
  // What a function made of which rows it does not say, unless it names models.
  const isTold = model !== VALUES || dependsOn?.some((tag) => modelOf(tag) !== undefined)
  const isEncrypted = envelope.sealedWith !== undefined
  const because = isEncrypted ? 'encrypted' : masked(model, isTold ? dependsOn : null, shows, sensitiveModels)
  return {
    key,
    model,
    operation,
    readAt: new Date(envelope.readAt),
    tookMs: envelope.tookMs,
    freshForMs: Math.max(0, envelope.freshForMs - ageMs),
    keptForMs: Math.max(0, envelope.keptForMs - ageMs),
    tags: envelope.versions.length,
    dependsOn,
    versions: envelope.versions,
    bytes: Buffer.byteLength(bytes),
    encryptedWith: envelope.sealedWith ?? null,
    ...(withValue && { value: entryValue(envelope.payload, because) }),
  }
}

/**
 * Rows of a model that is included depend on it: its tags are among the entry's. A filter's are too, which hides too much.
 * Where the tags are not known, any model that relations lead to may be in it.
 */
function masked(
  model: string,
  dependsOn: readonly string[] | null,
  mayShow: ReadonlySet<string>,
  sensitive: ReadonlySet<string>,
): MaskReason | undefined {
  if (sensitive.size === 0) return undefined
  if (sensitive.has(model)) return 'sensitive-model'
  if (dependsOn) return dependsOn.some((tag) => sensitive.has(modelOf(tag) ?? '')) ? 'sensitive-model' : undefined
  return mayShow.size === 0 || [...mayShow].some((one) => sensitive.has(one)) ? 'unknown-models' : undefined
}

const NO_RELATIONS: ReadonlySet<string> = new Set(['count', 'aggregate', 'groupBy'])

/** Models whose rows a result of this one can hold, itself included; none where it is not a model, as with raw queries. */
function reachedFrom(model: string, graph: ModelGraph): ReadonlySet<string> {
  const reached = new Set<string>()
  const follow = (name: string): void => {
    const found = graph.models.get(name)
    if (!found || reached.has(name)) return
    reached.add(name)
    for (const field of found.fields.values()) if (field.kind === 'relation') follow(field.type)
  }
  follow(model)
  return reached
}

function entryValue(payload: string, because: MaskReason | undefined): EntryValue {
  if (because) return { isShown: false, because }
  try {
    // Decimals are shown, not handed out: their text is enough.
    const value = decode(payload, (text) => text)
    return { isShown: true, value: printable(value), shape: shapeOf(value) }
  } catch {
    return { isShown: false, because: 'unreadable' }
  }
}
