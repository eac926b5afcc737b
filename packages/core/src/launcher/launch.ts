import { NetnsError } from '../errors/netns-error.ts'
import type { LaunchRequest, Sandbox } from './types.ts'

/**
 * Starts a command in a new sandbox.
 *
 * @throws NetnsError `NETNS_LAUNCHER_MISSING` where there is no executable; later failures reject `started` and `ended`
 */
export function launch(_request: LaunchRequest): Sandbox {
  throw new NetnsError('NETNS_LAUNCHER_MISSING')
}
