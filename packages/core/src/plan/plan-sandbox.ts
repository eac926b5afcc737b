import type { HostFacts } from '../host/types.ts'
import type { ResolvedOptions } from '../options/types.ts'
import type { SandboxContext, SandboxPlan } from './types.ts'

/**
 * Describes the sandbox that options ask for on a host. Pure: reads nothing but its arguments.
 *
 * @throws NetnsError `NETNS_OPTIONS_INVALID` where an option does not fit this host (a missing `fs.bind` source, a
 *   hidden project)
 */
export function planSandbox(_options: ResolvedOptions, _host: HostFacts, _context: SandboxContext): SandboxPlan {
  return { steps: [], uppers: [], degrees: [], hold: false }
}
