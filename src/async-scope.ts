import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * What is true of everything that is done within a callback. It costs nothing while nobody is inside: on Node 20 a
 * storage that has been entered once makes every promise of the process two or three times as dear until it is disabled.
 */
export class AsyncScope<T> {
  readonly #storage = new AsyncLocalStorage<T>()
  #open = 0

  /**
   * Of the innermost scope around the caller; `undefined` outside. Work that outlives its callback may still be told of it,
   * while others are inside.
   */
  current(): T | undefined {
    return this.#open === 0 ? undefined : this.#storage.getStore()
  }

  /** Calls back at once, within the scope, which is over when the callback's promise is settled. Throws what it throws. */
  run<R>(value: T, callback: () => PromiseLike<R> | R): Promise<R> {
    this.#open += 1
    let result: Promise<R>
    try {
      // Resolved inside: what is lazy begins when somebody waits for it.
      result = this.#storage.run(value, () => Promise.resolve(callback()))
    } catch (error) {
      this.#end()
      throw error
    }
    return result.finally(() => this.#end())
  }

  #end(): void {
    this.#open -= 1
    if (this.#open === 0) this.#storage.disable()
  }
}
