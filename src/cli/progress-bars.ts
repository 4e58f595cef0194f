import { MultiBar, type SingleBar } from 'cli-progress'
import type { WarmProgress } from './app-client.ts'

/** A bar for each warmer, on a terminal. */
export class ProgressBars {
  readonly #bars = new Map<string, SingleBar>()
  readonly #all: MultiBar

  constructor(stream: NodeJS.WritableStream) {
    this.#all = new MultiBar({
      stream,
      format: ' {name} {bar} {value}/{total}',
      barCompleteChar: '█',
      barIncompleteChar: '░',
      hideCursor: true,
      clearOnComplete: false,
    })
  }

  show({ name, done, total }: WarmProgress): void {
    const bar = this.#bars.get(name) ?? this.#all.create(total, 0, { name })
    this.#bars.set(name, bar)
    bar.setTotal(Math.max(total, done))
    bar.update(done, { name })
  }

  end(): void {
    this.#all.stop()
  }
}
