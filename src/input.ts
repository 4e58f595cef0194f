import * as v from 'valibot'
import { CacheConfigError, show, showSecret } from './errors.ts'

/** An object of these options and no others. */
export function shape<Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries).join(', ')
  const fix = `Give an object with ${known}.`
  return v.pipe(
    // To the schema library a list is an object too, and so is a promise that was not awaited.
    v.custom<v.InferInput<v.StrictObjectSchema<Entries, undefined>>>(isPlainObject, fix),
    v.strictObject(entries, (issue) =>
      issue.expected === 'never' ? `There is no such option; there are ${known}.` : fix,
    ),
  )
}

export function wholeNumber(min: number, max: number, unit: string) {
  const fix = `Give a whole number of ${unit} from ${min} to ${max}.`
  return v.pipe(v.number(fix), v.integer(fix), v.minValue(min, fix), v.maxValue(max, fix))
}

export function text(fix: string) {
  return v.pipe(v.string(fix), v.minLength(1, fix), v.maxLength(256, fix))
}

export function listOf<Item extends v.GenericSchema>(item: Item, fix: string) {
  return v.array(item, fix)
}

/** @throws CacheConfigError naming the option, the value seen and the fix. `path` is where `value` was written. */
export function check<T extends v.GenericSchema>(schema: T, value: unknown, path: string): v.InferOutput<T> {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  // A name that was given in the wrong place explains more than one that is missing there.
  const wrong = result.issues.find(({ expected }) => expected === 'never') ?? result.issues[0]
  const { issue, steps } = innermost(wrong, path === '' ? [] : [path])
  const fix = issue.message.endsWith('.') ? issue.message : `Expected ${issue.expected}.`
  const got = steps[0] === 'encryption' ? showSecret(issue.input) : show(issue.input)
  throw new CacheConfigError(steps.join('.') || 'options', `got ${got}`, fix)
}

/** Of a union's branches the one that got furthest into the value says what is wrong with it. */
function innermost(
  issue: v.BaseIssue<unknown>,
  outer: readonly string[],
): { issue: v.BaseIssue<unknown>; steps: string[] } {
  const steps = [...outer, ...(issue.path ?? []).map((step) => String(step.key))]
  return (issue.issues ?? [])
    .map((inner) => innermost(inner as v.BaseIssue<unknown>, steps))
    .reduce((best, inner) => (inner.steps.length > best.steps.length ? inner : best), { issue, steps })
}

function isPlainObject(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Object]'
}
