import { createHash } from 'node:crypto'

export interface Script {
  readonly text: string
  /** By which a server that has seen the text before knows it. */
  readonly sha1: string
}

/**
 * A script must reply with something: an ioredis client that gets one reply too many, and finds it to be nil, throws
 * where nobody can catch it, and the process ends.
 */
export const script = (text: string): Script => ({ text, sha1: createHash('sha1').update(text).digest('hex') })
