import type { InvalidationTarget } from '../../control/invalidate-on.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'

export interface InvalidateOptions {
  readonly tag?: readonly string[]
  readonly model?: readonly string[]
  readonly key?: readonly string[]
  readonly pattern?: string
  readonly namespace?: string
  readonly soft?: boolean
  readonly grace?: number
  readonly yes?: boolean
}

/** Drops what is named, when somebody says yes. */
export async function invalidate(options: InvalidateOptions, session: Session): Promise<number> {
  const { tag, model, key, pattern, namespace, soft, grace } = options
  const target: InvalidationTarget = {
    ...(tag && { tags: tag }),
    ...(model && { models: model }),
    ...(key && { keys: key }),
    ...(pattern !== undefined && { pattern }),
    ...(namespace !== undefined && { namespace }),
    ...(soft && { soft }),
    ...(grace !== undefined && { grace }),
  }
  const named = [
    tag && `tags ${tag.join(', ')}`,
    model && `models ${model.join(', ')}`,
    key && `${key.length} keys`,
    pattern !== undefined && `keys like ${pattern}`,
    namespace !== undefined && `the namespace ${namespace}`,
  ].filter(Boolean)
  if (named.length === 0) {
    throw new CliError(
      EXIT.usage,
      'there is nothing to invalidate',
      'Give `--tag`, `--model`, `--key`, `--pattern` or `--namespace`.',
    )
  }
  const { terminal } = session
  const on = session.target()
  await terminal.confirm(`Invalidate ${named.join('; ')} in ${on.name}?`, options.yes ?? false)
  const done = await on.invalidate(target)
  if (terminal.isJson) terminal.printJson(done)
  else for (const line of said(done)) terminal.print(line)
  return EXIT.ok
}

/** Entries under a tag are not removed: that they are still listed must not look as if nothing had happened. */
function said({ tags, keys }: { readonly tags: number; readonly keys: number }): string[] {
  const plural = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`
  return [
    ...(tags > 0
      ? [
          `Invalidated ${plural(tags, 'tag', 'tags')}. ` +
            'Entries that depend on them are no longer served; they stay listed until they expire.',
        ]
      : []),
    ...(keys > 0 || tags === 0 ? [`Removed ${plural(keys, 'entry', 'entries')}.`] : []),
  ]
}
