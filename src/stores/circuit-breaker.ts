export interface CircuitBreakerOptions {
  /** Failures in a row that open the circuit. */
  readonly failures: number
  /** Pause before the first probe, ms; it doubles with each that fails. */
  readonly resetMs: number
  readonly longestPauseMs: number
  /** Whether this failure opens the circuit by itself. It is probed without a pause then. */
  readonly opensAtOnce: (error: unknown) => boolean
  /** Resolves when what lies behind works again, with how much longer it must be left alone, ms. */
  readonly probe: () => Promise<number>
  /** Asked when a probe has succeeded; `false`: something came up meanwhile, and it is probed again. */
  readonly mayClose: () => boolean
  readonly onProbeFailed: (error: unknown) => void
  readonly onChange: () => void
}

/**
 * Leaves alone what keeps failing, and tries it again from a timer: no query is ever the probe. Knows nothing of what
 * lies behind it. Its timer holds neither the process nor the breaker: whoever was dropped with the circuit open is not
 * probed for ever.
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions
  #isOpen = false
  #hasEnded = false
  #openedAt = 0
  #failures = 0
  /** Attempts begun so far, and how many of them had begun when the last failure was counted. */
  #attempts = 0
  #counted = 0
  #timer: NodeJS.Timeout | undefined
  #isProbing = false
  /** Resolved when the circuit closes, or ends. */
  readonly #waiting = new Set<() => void>()

  constructor(options: CircuitBreakerOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** When it was last opened, on the clock of `performance.now()`. */
  get openedAt(): number {
    return this.#openedAt
  }

  /** `failed` is told once for all that fail together: one round trip that stalls is one failure, whoever waited for it. */
  async run<T>(work: () => Promise<T>, failed: (error: unknown) => void): Promise<T> {
    this.#attempts += 1
    const attempt = this.#attempts
    try {
      const result = await work()
      this.#failures = 0
      return result
    } catch (error) {
      if (attempt > this.#counted) {
        this.#counted = this.#attempts
        this.#failures += 1
        failed(error)
        if (this.#options.opensAtOnce(error)) this.open(0)
        else if (this.#failures >= this.#options.failures) this.open(this.#options.resetMs)
      }
      throw error
    }
  }

  open(firstPauseMs: number): void {
    if (this.#isOpen || this.#hasEnded) return
    this.#isOpen = true
    this.#openedAt = performance.now()
    this.#options.onChange()
    this.#probeAfter(firstPauseMs, this.#options.resetMs)
  }

  /** Without waiting for the pause to end: there is reason to think that it works again. */
  probeNow(): void {
    if (this.#isOpen) this.#probeAfter(0, this.#options.resetMs)
  }

  /** Resolves when the circuit is closed, at that moment (`performance.now()`) at the latest. */
  closedBy(deadline: number): Promise<void> {
    const leftMs = deadline - performance.now()
    if (!this.#isOpen || this.#hasEnded || leftMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, leftMs)
      this.#waiting.add(done)
    })
  }

  /** Not probed until `probeNow`. */
  pause(): void {
    clearTimeout(this.#timer)
  }

  /** Open for good. */
  end(): void {
    this.#hasEnded = true
    this.#isOpen = true
    clearTimeout(this.#timer)
    for (const done of this.#waiting) done()
  }

  #probeAfter(pauseMs: number, nextPauseMs: number): void {
    if (this.#hasEnded) return
    clearTimeout(this.#timer)
    const self = new WeakRef(this)
    this.#timer = setTimeout(() => {
      const there = self.deref()
      if (there) void there.#probe(nextPauseMs)
    }, pauseMs).unref()
  }

  async #probe(nextPauseMs: number): Promise<void> {
    // One at a time: two that deliver side by side would each take the other's tags for delivered.
    if (this.#isProbing) return
    this.#isProbing = true
    const { probe, longestPauseMs, onProbeFailed, mayClose } = this.#options
    let leaveAloneMs: number
    try {
      leaveAloneMs = await probe()
    } catch (error) {
      this.#isProbing = false
      if (this.#hasEnded) return
      onProbeFailed(error)
      // Apart from each other, lest a fleet comes back as one.
      this.#probeAfter(nextPauseMs * (0.75 + Math.random() / 2), Math.min(nextPauseMs * 2, longestPauseMs))
      return
    }
    this.#isProbing = false
    if (leaveAloneMs > 0) this.#probeAfter(leaveAloneMs, nextPauseMs)
    else if (!mayClose()) this.#probeAfter(0, nextPauseMs)
    else this.#close()
  }

  #close(): void {
    if (this.#hasEnded) return
    this.#failures = 0
    this.#isOpen = false
    this.#options.onChange()
    for (const done of this.#waiting) done()
  }
}
