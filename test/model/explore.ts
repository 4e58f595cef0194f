/** One thing that may happen next, the state after it, and what it breaks, if it breaks anything. */
export interface Step<State> {
  readonly label: string
  readonly state: State
  readonly breaks?: string | undefined
}

export interface Model<State> {
  readonly initial: State
  readonly steps: (state: State) => Iterable<Step<State>>
  /** Equal for states that have the same futures. States with one key are looked at once. */
  readonly key: (state: State) => string
}

export interface Explored {
  readonly states: number
  readonly transitions: number
  /** The shortest one there is, for the search goes by length. */
  readonly violation: { readonly breaks: string; readonly trace: readonly string[] } | undefined
}

/** Far above what the models here have: a model that no longer ends should say so. */
const MOST_STATES = 4_000_000

/** Every state that can be reached, nearest first, until a step breaks something. */
export function explore<State>(model: Model<State>): Explored {
  const states = [model.initial]
  const parents = [-1]
  const labels = ['']
  const seen = new Set([model.key(model.initial)])
  let transitions = 0
  for (let at = 0; at < states.length; at += 1) {
    for (const { label, state, breaks } of model.steps(states[at] as State)) {
      transitions += 1
      if (breaks !== undefined) {
        return {
          states: seen.size,
          transitions,
          violation: { breaks, trace: [...traceTo(at, parents, labels), label] },
        }
      }
      const key = model.key(state)
      if (seen.has(key)) continue
      seen.add(key)
      states.push(state)
      parents.push(at)
      labels.push(label)
    }
    if (states.length > MOST_STATES) throw new Error(`more than ${MOST_STATES} states`)
  }
  return { states: seen.size, transitions, violation: undefined }
}

function traceTo(state: number, parents: readonly number[], labels: readonly string[]): string[] {
  const trace: string[] = []
  for (let at = state; at > 0; at = parents[at] as number) trace.push(labels[at] as string)
  return trace.reverse()
}
