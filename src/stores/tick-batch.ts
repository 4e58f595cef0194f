/**
 * Collects the calls of one tick and runs them as one. All of them settle in the same tick, which Prisma's own batching
 * depends on: `findUnique` misses whose look-ups resolve apart would become one statement each.
 *
 * The tick ends after the microtasks that are queued now (`process.nextTick` from within a microtask runs when they are
 * through), so reads started together by `Promise.all` meet here.
 */
export function tickBatch<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
): (item: Item) => Promise<Result> {
  let open: Item[] | undefined
  let opened: Promise<readonly Result[]> | undefined

  return (item) => {
    if (!open || !opened) {
      const items: Item[] = []
      open = items
      opened = new Promise<void>((resolve) => process.nextTick(resolve)).then(() => {
        open = undefined
        opened = undefined
        return run(items)
      })
    }
    const index = open.push(item) - 1
    return opened.then((results) => results[index] as Result)
  }
}
