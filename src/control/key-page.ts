import { CacheConfigError, show } from '../errors.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'

/** A page of the keys of several patterns, one after the other; a cursor says in which it stands, and where. */
export async function keyPage(
  store: GuardedStore,
  patterns: readonly string[],
  cursor: string,
  limit: number,
): Promise<{ readonly keys: readonly string[]; readonly cursor: string | null }> {
  const [, at = '0', inner = ''] = cursor === '' ? [] : (/^(\d)\.(.*)$/s.exec(cursor) ?? [])
  const pattern = patterns[Number(at)]
  if (pattern === undefined || (cursor !== '' && !/^\d\./.test(cursor))) {
    throw new CacheConfigError('cursor', `got ${show(cursor)}`, 'Give the cursor of the page before.')
  }
  const page = await store.page(pattern, inner, limit)
  if (page.cursor !== undefined) return { keys: page.keys, cursor: `${at}.${page.cursor}` }
  const next = Number(at) + 1
  return { keys: page.keys, cursor: next < patterns.length ? `${next}.` : null }
}
