/** The present, in epoch milliseconds. Injected everywhere, so that tests move time by hand. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()
