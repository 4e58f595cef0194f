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
      'nothing to invalidate is named',
      'Say `--tag`, `--model`, `--key`, `--pattern` or `--namespace`.',
    )
  }
  const { terminal } = session
  const on = session.target()
  await terminal.confirm(`Invalidate ${named.join('; ')} in ${on.name}?`, options.yes ?? false)
  const done = await on.invalidate(target)
  if (terminal.isJson) terminal.printJson(done)
  else terminal.print(`${done.tags} tags moved, ${done.keys} entries removed`)
  return EXIT.ok
}
