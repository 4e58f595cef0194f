import type { CacheEvent } from '../events.ts'
import { jsonText } from './answers.ts'
import { messageOf } from './recorder/recorder.ts'

const MAX_TAGS = 50

/** An event as it is sent: of errors their message alone, of long lists of tags the first. */
export function eventText(event: CacheEvent, at: number): string {
  if ('error' in event) return jsonText({ at, ...event, error: messageOf(event.error) })
  if (!('tags' in event) || event.tags.length <= MAX_TAGS) return jsonText({ at, ...event })
  return jsonText({ at, ...event, tags: event.tags.slice(0, MAX_TAGS), tagCount: event.tags.length })
}
