import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts in hundredths of a second for everybody. */
const TICK_MICROS = 10_000

/** CPU time in microseconds of a process and its children, ended ones included; `undefined` where the system does not tell. */
export function serverCpu(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  try {
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
    const ticks = all.map(statOf).map((stat) => {
      if (stat?.pid === pid) return stat.own + stat.ended
      return stat?.parent === pid ? stat.own : 0
    })
    return TICK_MICROS * ticks.reduce((sum, one) => sum + one, 0)
  } catch {
    return undefined
  }
}

/** The process that a child was started by. */
export function parentOf(pid: number): number | undefined {
  return statOf(`${pid}`)?.parent
}

function statOf(pid: string) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold blanks. After it: state, parent, …; 12 and 13 are the own time, 14 and 15 theirs.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const at = (i: number) => Number(fields[i])
    return { pid: Number(pid), parent: at(1), own: at(11) + at(12), ended: at(13) + at(14) }
  } catch {
    // It ended in between.
    return undefined
  }
}
