/** Work under way that others may wait for instead of doing it again. */
export class SingleFlight<Result> {
  readonly #flights = new Map<string, Promise<Result>>()

  under(name: string): Promise<Result> | undefined {
    return this.#flights.get(name)
  }

  /** Whoever comes later with the same name waits for the flight that came last. `work` must not reject. */
  lead(name: string, work: Promise<Result>): void {
    const flight = work.finally(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    })
    this.#flights.set(name, flight)
  }
}
