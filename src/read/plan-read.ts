import { checkOf } from '../codec/check.ts'
import { WIRE_VERSION } from '../codec/envelope.ts'
import type { BypassReason, Scope } from '../events.ts'
import { within } from '../policy/care.ts'
import { known, type ReadCache, type ResolvedPolicy, TTL_WHEN_ASKED } from '../policy/resolve-policy.ts'
import type { Ttl } from '../policy/ttl.ts'
import { canonicalArgs } from '../query/canonical-args.ts'
import { canonicalText, orderedText, UnsupportedArgument } from '../query/canonical-text.ts'
import type { Model, ModelGraph } from '../query/model-graph.ts'
import { type ReadForm, readForm, slottedForm } from '../query/read-form.ts'
import type { Yields } from '../query/read-places.ts'
import { type PrecisionRules, type ReadSet, readSet } from '../query/read-set.ts'
import { filled } from '../query/slot.ts'
import { modelTag, type Tag } from '../tags/tag.ts'
import type { Account } from './admission.ts'
import { digest, digestIn, entryKey } from './cache-key.ts'
import { along, omittedFields } from './omitted-fields.ts'
import { type Depends, type Form, formPlan, MAX_FORM } from './planned-forms.ts'
import type { ReadCall, ReadContext } from './read-context.ts'
import type { Bypass, PlannedQuery, ReadPlan } from './read-plan.ts'
import { isNoScope, scopeTags } from './scope.ts'

/** The model name under which raw queries are kept and counted. */
export const RAW = '$raw'

export function planRead(call: ReadCall, cache: ReadCache, context: ReadContext): ReadPlan | Bypass {
  const { model: name, operation, args } = call
  const policy = context.policies.resolve(name, operation, cache)
  if (typeof policy === 'string') return bypass(policy)
  const model = context.graph.models.get(name)
  if (!model) return bypass('unknown-argument')
  const form = formOf(call, model, context)
  const mayRefuse = context.admission.mayRefuse(name, operation)
  // One whose form is not known yet is planned first, and is not refused.
  if (mayRefuse && form?.known && !form.known.account.admits(form.read.values)) return notAdmitted(form.known.account)
  const template = form?.known?.text
  const argsText = () => (template ? filled(template, form.read.values) : canonicalArgs(context.graph, model, args))
  const asked = queryText(call, policy, context, argsText)
  if (mayRefuse && !form && asked.kind === 'asked') {
    const account = withoutForm(call, context)
    if (!account.admits(NONE)) return notAdmitted(account)
  }
  const before = asked.kind === 'asked' ? context.queries.get(asked.text) : undefined
  if (before) return planned(call, policy, before, context)
  const begun = performance.now()
  const finest = dependsOn(call, model, context, form)
  if (finest.refused) return bypass(finest.refused)
  if (asked.kind === 'bypass') return asked
  const { depends, coarse } = allowed(call, model, context, finest)
  // Other tags are another entry: processes differ in what they may register. And asked again it may be admitted.
  const named = coarse.length === 0 ? asked : { ...asked, text: `${asked.text} ${coarse}` }
  const known = coarse.length === 0 ? undefined : context.queries.get(named.text)
  if (known) return planned(call, policy, known, context)
  const query = described(named, policy, { ...depends, account: finest.account }, context)
  finest.account?.planned(performance.now() - begun)
  context.queries.set(named.text, query)
  const plan = planned(call, policy, query, context)
  if (context.events.isHeard('plan')) {
    context.events.emit({ type: 'plan', model: name, operation, key: plan.key, dependencies: depends.dependencies() })
  }
  return plan
}

/** What it depends on without shapes that this client may not register, and the models that is coarser for. */
export function allowed(
  call: ReadCall,
  model: Model,
  context: ReadContext,
  finest: Depends = dependsOn(call, model, context, undefined),
): { readonly depends: Depends; readonly coarse: readonly string[] } {
  const coarse = new Set<string>()
  let depends = finest
  for (;;) {
    const refused = depends.shapes.filter((shape) => !context.allowance.admits(shape))
    if (refused.length === 0) return { depends, coarse: [...coarse].sort() }
    for (const shape of refused) coarse.add(shape.model)
    // Where it depends on fewer tags of one model, it may on finer ones of another.
    depends = dependsOnArgs(call, model, call.args, context, withoutShapes(coarse, context.precision))
  }
}

function withoutShapes(coarse: ReadonlySet<string>, rules: PrecisionRules): PrecisionRules {
  return {
    ...rules,
    of: (model) => (coarse.has(model) ? 'row' : rules.of(model)),
    because: (model) => (coarse.has(model) ? 'too-many-shapes' : (rules.because?.(model) ?? 'option')),
    // What the result tells are shapes as well.
    maxRowTags: 0,
  }
}

const NONE: readonly string[] = []

function notAdmitted(account: Account): Bypass {
  return { kind: 'bypass', reason: 'not-admitted', account }
}

/** Of all reads of an operation that are planned one by one. */
function withoutForm({ model, operation }: ReadCall, { admission }: ReadContext): Account {
  return admission.of(model, operation, '*')
}

interface NamedForm {
  readonly read: ReadForm
  readonly name: string
  /** What is known of it since its first read. */
  readonly known: Form | undefined
}

/** `undefined`: the read is planned by itself, if its arguments have a text at all. */
function formOf({ operation, args, dataPath }: ReadCall, model: Model, context: ReadContext): NamedForm | undefined {
  try {
    const read = readForm(context.graph, model, args)
    if (!read || read.text.length > MAX_FORM) return undefined
    const name = `${model.name} ${operation} ${dataPath.join('.')} ${read.text}`
    return { read, name, known: context.forms.get(name) }
  } catch (error) {
    if (error instanceof UnsupportedArgument) return undefined
    throw error
  }
}

/** By its form where it has one: the first read of a form is planned, for all others the values are put into the plan. */
function dependsOn(call: ReadCall, model: Model, context: ReadContext, form: NamedForm | undefined): Depends {
  if (!form) return { ...dependsOnArgs(call, model, call.args, context), account: withoutForm(call, context) }
  const known = form.known ?? plannedForm(call, model, context, form)
  const depends = known.of?.(form.read.tagTexts()) ?? dependsOnArgs(call, model, call.args, context)
  return { ...depends, account: known.account }
}

function plannedForm(call: ReadCall, model: Model, context: ReadContext, { name }: NamedForm): Form {
  const { args, text, title } = slottedForm(context.graph, model, call.args)
  const account = context.admission.of(model.name, call.operation, title)
  const depends = dependsOnArgs(call, model, args, context)
  account.dependencies ??= depends.dependencies
  const form = { ...formPlan(depends), account, text }
  context.forms.set(name, form)
  return form
}

function dependsOnArgs(
  { operation, dataPath }: ReadCall,
  model: Model,
  args: ReadCall['args'],
  context: ReadContext,
  rules = context.precision,
): Depends {
  const set = readSet(context.graph, model, args, yieldsOf(operation), rules)
  const tags = new Set(set.tags)
  const reached = new Set([...set.models].map((one) => one.name))
  reachBehind(reached, { tags, reached }, context)
  // Along a fluent path the result is not the one the arguments describe.
  const parts = dataPath.length === 0 && set.parts.some(({ derivation }) => derivation) ? set.parts : []
  return {
    tags,
    parts,
    absence: set.absence,
    shapes: set.shapes,
    guards: [...new Set(parts.flatMap(({ derivation }) => derivation?.guard ?? []))],
    care: context.policies.care(reached),
    omitted: along(dataPath, omittedFields(context.graph, context.globalOmit, model, args)),
    refused: set.obstacle ?? refusal(set, context),
    dependencies: set.dependencies,
  }
}

export interface RawRead {
  readonly reads: readonly string[]
  /** Models whose tables its text names, whether or not they were declared. */
  readonly names?: readonly string[]
  readonly ttl?: Ttl | undefined
  readonly tags?: readonly string[] | undefined
}

/** A raw query depends on the models it was declared to read; its text and values are its arguments. */
export function planRawRead(call: ReadCall, declared: RawRead, context: ReadContext): ReadPlan | Bypass {
  const cache = { ttl: declared.ttl ?? TTL_WHEN_ASKED, ...(declared.tags && { tags: declared.tags }) }
  const policy = context.policies.resolve(RAW, call.operation, cache)
  if (typeof policy === 'string') return bypass(policy)
  const reached = new Set([...declared.reads, ...(declared.names ?? [])])
  for (const name of reached) {
    const ofModel = context.policies.of(name)
    if (ofModel === false) return bypass('model-disabled')
    // Which columns raw SQL returns cannot be told.
    if (ofModel?.neverCache?.length) return bypass('never-cache-field')
  }
  const tags = new Set<Tag>()
  for (const name of declared.reads) {
    const ofModel = context.policies.of(name)
    const model = known(context.graph, 'raw.reads', name)
    if (model.isView && !(ofModel || undefined)?.dependsOn) return bypass('view-undeclared')
    if (isInvalidatedByWrites(name, context)) tags.add(modelTag(name))
  }
  reachBehind(declared.reads, { tags, reached }, context)
  const asked = queryText(call, policy, context, () => orderedText(call.args))
  if (asked.kind === 'bypass') return asked
  const care = context.policies.care(reached)
  const depends = { tags, parts: [], guards: [], absence: [], shapes: [], care, omitted: undefined }
  return planned(call, policy, described(asked, policy, depends, context), context)
}

/** Adds the models whose writes change what is read of these. */
function reachBehind(
  models: Iterable<string>,
  { tags, reached }: { readonly tags: Set<Tag>; readonly reached: Set<string> },
  context: ReadContext,
): void {
  const others = [...models].flatMap((name) => (context.policies.of(name) || undefined)?.dependsOn ?? [])
  for (const other of others) {
    if (isInvalidatedByWrites(other, context)) tags.add(modelTag(other))
    reached.add(other)
  }
}

function isInvalidatedByWrites(model: string, { precision }: ReadContext): boolean {
  return precision.of(model) !== 'tags'
}

interface Asked {
  readonly kind: 'asked'
  readonly text: string
  readonly scope: Scope
}

/** One text for one query, in the scope it is asked in. */
function queryText(
  { model, operation, dataPath }: ReadCall,
  policy: ResolvedPolicy,
  context: ReadContext,
  argsText: () => string,
): Asked | Bypass {
  try {
    const scope = context.vary?.()
    if (context.requireScope && isNoScope(scope)) return bypass('no-scope')
    // The application's tags are part of the name: the entry of a call site that names other tags would not hold the
    // versions this one must compare.
    const about = (): string => {
      const parts = [context.prefix, context.fingerprint, scope, model, operation, dataPath.join('.'), policy.userTags]
      return canonicalText(parts)
    }
    const isPlain = context.vary === undefined && dataPath.length === 0 && policy.isShared
    return { kind: 'asked', text: `${isPlain ? onceFor(policy, context, about) : about()}${argsText()}`, scope }
  } catch (error) {
    if (error instanceof UnsupportedArgument) return bypass('unsupported-argument')
    context.events.emit({ type: 'error', during: 'vary', error, model, operation })
    return bypass('vary-failed')
  }
}

/** The same for all calls without options of their own, whose policy is one object. */
function onceFor(policy: ResolvedPolicy, { preambles }: ReadContext, text: () => string): string {
  let preamble = preambles.get(policy)
  if (preamble === undefined) preambles.set(policy, (preamble = text()))
  return preamble
}

function described(
  { text, scope }: Asked,
  policy: ResolvedPolicy,
  depends: Omit<Depends, 'refused' | 'dependencies'>,
  context: ReadContext,
): PlannedQuery {
  const all = new Set(depends.tags)
  for (const tag of policy.userTags) all.add(tag)
  for (const tag of scopeTags(scope, policy.userTags, context)) all.add(tag)
  // Events hand the list to listeners.
  const tags = Object.freeze([...all].sort())
  const absence = depends.absence.filter((tag) => !all.has(tag))
  const queryDigest = digestIn(context, text)
  return {
    digest: queryDigest,
    check: checkOf(queryDigest),
    tags,
    parts: depends.parts,
    guards: depends.guards,
    absence,
    watched: absence.length === 0 ? tags : [...tags, ...absence],
    shapes: depends.shapes,
    omitted: depends.omitted,
    care: depends.care,
    scope,
    account: depends.account,
  }
}

function planned(
  { model, operation }: ReadCall,
  policy: ResolvedPolicy,
  query: PlannedQuery,
  context: ReadContext,
): ReadPlan {
  // Asked under the same policy as the last time: its key need not be spelt, nor hashed, again.
  if (query.last?.under === policy) return query.last.plan
  // Spelt out: spreading takes longer than all the rest here.
  const plan: ReadPlan = {
    kind: 'cached',
    model,
    operation,
    key: entryKey(context.prefix, model, operation, query.digest, policy.key),
    check: policy.key === undefined ? query.check : query.digest,
    tags: query.tags,
    parts: query.parts,
    guards: query.guards,
    absence: query.absence,
    watched: query.watched,
    shapes: query.shapes,
    policy: within(query.care.longestMs, policy),
    omitted: query.omitted,
    scope: query.scope,
    account: query.account,
    isSealed: query.care.encrypts,
    audited: query.care.audited,
  }
  if (policy.isShared) query.last = { under: policy, plan }
  return plan
}

function refusal(set: ReadSet, { policies }: ReadContext): BypassReason | undefined {
  for (const model of set.models) {
    const policy = policies.of(model.name) || undefined
    if (model.isView && !policy?.dependsOn) return 'view-undeclared'
  }
  for (const [model, fields] of set.returned) {
    const policy = policies.of(model.name)
    if (policy === false) return 'model-disabled'
    if (policy?.neverCache?.some((field) => fields.has(field))) return 'never-cache-field'
  }
  return undefined
}

function bypass(reason: BypassReason): Bypass {
  return { kind: 'bypass', reason }
}

function yieldsOf(operation: string): Yields {
  if (operation.startsWith('findUnique') || operation.startsWith('findFirst')) return 'row'
  return operation === 'findMany' ? 'rows' : 'aggregate'
}

/**
 * What tells one client from another: its schema, word by word, with tables and columns, and what else it knows of the
 * database. A client that knows something else shows other values under the same names, or other tags for the same read:
 * the two must not share entries.
 */
export function clientFingerprint({ provider, models, source }: ModelGraph, parts: readonly unknown[]): string {
  const plain = (value: unknown) =>
    value instanceof Map ? [...value] : typeof value === 'bigint' ? `${value}n` : value
  const known = JSON.stringify([source, models], (_, value) => plain(value))
  return digest(canonicalText([WIRE_VERSION, provider, known, parts]))
}
