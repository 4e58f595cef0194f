import { countText } from '../table.ts'
import type { Census } from './census.ts'
import { type Finding, note, ok, warning } from './finding.ts'

/** What lies under the prefix. */
export function checkKeys({ total, complete, eternal, foreign, nested }: Census, prefix: string): Finding[] {
  const findings: Finding[] = []
  const counted = `${countText(total)} keys under ${JSON.stringify(prefix)}`
  findings.push(
    complete ? ok('keys', counted) : note('keys', `${counted} were looked at, and there are more: see --max-keys`),
  )
  if (eternal.count > 0) {
    findings.push(
      warning(
        'keys without TTL',
        `${countText(eternal.count)} keys of the cache never expire: ${eternal.names.join(', ')}`,
        'Run `doctor --fix` to remove them: nothing of this version is stored without an end.',
      ),
    )
  } else if (complete) findings.push(ok('keys without TTL', 'none'))
  if (nested.size > 0) {
    findings.push(
      warning(
        'prefix',
        `other caches begin with this prefix: ${[...nested].join(', ')}`,
        'Give each a prefix that none of the others begins with, so that nobody can mistake one for the other.',
      ),
    )
  }
  if (foreign.count > 0) {
    findings.push(
      warning(
        'prefix',
        `${countText(foreign.count)} keys under it are not the cache's: ${foreign.names.join(', ')}`,
        'They are left alone by `clear`. Give the cache a prefix of its own.',
      ),
    )
  }
  return findings
}
