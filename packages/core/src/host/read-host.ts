import { NetnsError } from '../errors/netns-error.ts'
import type { HostContext, HostFacts } from './types.ts'

/**
 * Reads the facts about this machine that planning needs. Call it once per run.
 *
 * @throws NetnsError `NETNS_PLATFORM` where the machine is no Linux
 */
export function readHost(_context: HostContext = {}): HostFacts {
  throw new NetnsError('NETNS_PLATFORM')
}
