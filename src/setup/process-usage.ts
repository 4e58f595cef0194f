import type { Usage } from '../read/admission.ts'

/** What this process has used since it began. */
export function processUsage(): Usage {
  const { user, system } = process.cpuUsage()
  const { active, idle } = performance.eventLoopUtilization()
  return { cpu: (user + system) / 1000, active, idle }
}
