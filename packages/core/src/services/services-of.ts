import type { ResolvedOptions } from '../options/types.ts'
import { listedServices, readListenersSync } from './find-services.ts'
import type { Service } from './types.ts'

/**
 * The services that options ask for.
 *
 * @param opened those that the run itself opened; asked for `'auto'` only
 */
export function servicesOf(
  { mode, services }: ResolvedOptions['net'],
  opened: () => readonly Service[],
): readonly Service[] {
  if (mode !== 'loopback') return []
  return services === 'auto' ? opened() : listedServices(services, readListenersSync())
}
