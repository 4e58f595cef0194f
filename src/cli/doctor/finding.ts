export type Level = 'ok' | 'note' | 'warning' | 'error'

/** What was found in one place, and what to do about it. */
export interface Finding {
  /** Where: `config`, `memory`, `latency`, … */
  readonly check: string
  readonly level: Level
  readonly found: string
  /** What to do; always there for a warning and an error. */
  readonly fix?: string
}

export const ok = (check: string, found: string): Finding => ({ check, level: 'ok', found })
export const note = (check: string, found: string): Finding => ({ check, level: 'note', found })
export const warning = (check: string, found: string, fix: string): Finding => ({ check, level: 'warning', found, fix })
export const error = (check: string, found: string, fix: string): Finding => ({ check, level: 'error', found, fix })
