import type { CacheStore, KeyPage } from './store.ts'

/**
 * A page of a store that makes none itself: the keys behind `cursor` in their order, so that what comes and goes in
 * between moves no other key to a page that was seen already. Walks all keys for each page.
 */
export async function pageOf(store: CacheStore, pattern: string, cursor: string, limit: number): Promise<KeyPage> {
  if (store.page) return store.page(pattern, cursor, limit)
  const behind = new Set<string>()
  for await (const found of store.scan(pattern)) for (const key of found) if (key > cursor) behind.add(key)
  const keys = [...behind].sort()
  const page = keys.slice(0, limit)
  return { keys: page, cursor: keys.length > limit ? page.at(-1) : undefined }
}
