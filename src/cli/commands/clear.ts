import { EXIT } from '../exit-codes.ts'
import type { Session } from '../session.ts'

/** Removes every entry of the prefix, when somebody says yes. */
export async function clear({ yes }: { readonly yes?: boolean }, session: Session): Promise<number> {
  const { terminal } = session
  const on = session.target()
  await terminal.confirm(`Remove every entry from ${on.name}?`, yes ?? false)
  const done = await on.clear()
  if (terminal.isJson) terminal.printJson(done)
  else terminal.print(`Removed ${done.keys} ${done.keys === 1 ? 'entry' : 'entries'}`)
  return EXIT.ok
}
