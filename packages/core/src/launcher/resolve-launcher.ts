import { NetnsError } from '../errors/netns-error.ts'

/**
 * Path of the launcher executable: `NETNS_LAUNCHER`, else the package for this machine.
 *
 * @throws NetnsError `NETNS_LAUNCHER_MISSING` or `NETNS_PLATFORM`, with what to install
 */
export function resolveLauncher(): string {
  throw new NetnsError('NETNS_LAUNCHER_MISSING')
}
