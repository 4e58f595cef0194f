/** Resolves when a response has been sent, or nobody is there any more to have it. */
export function ended(response: {
  readonly destroyed?: boolean
  once(event: 'close' | 'finish', listener: () => void): unknown
}): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    response.once('close', resolve)
    response.once('finish', resolve)
  })
}
