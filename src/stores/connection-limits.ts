/** How a connection is known to be good for nothing any more. Milliseconds. */
export interface ConnectionLimits {
  /** Longest time that connecting may take. */
  readonly connectTimeoutMs: number
  /** A connection that says nothing for so long while replies are due is dropped, and made anew. */
  readonly silenceMs: number
  /** How old the knowledge that the server still takes writes may be when something is read from it. */
  readonly writeCheckMs: number
}

/** The limits that are given, and the defaults for the others. `timeoutMs`: longest time a query waits for a reply. */
export function connectionLimits(
  given: { readonly [limit in keyof ConnectionLimits]?: number | undefined },
  timeoutMs: number,
): ConnectionLimits {
  return {
    connectTimeoutMs: given.connectTimeoutMs ?? Math.max(1000, timeoutMs),
    // Longer than a write waits for its invalidation: a reply that somebody still waits for must not be cut off.
    silenceMs: given.silenceMs ?? Math.max(1000, 5 * timeoutMs),
    // Shorter than a write waits for its invalidation: by the time it is acknowledged, others have found it out.
    writeCheckMs: given.writeCheckMs ?? Math.min(100, 2 * timeoutMs),
  }
}
