import type { Planning } from './planning.ts'
import type { Step } from './types.ts'

/** The dynamic linker splits LD_PRELOAD here (ld.so(8)). */
const SEPARATORS = /[\s:]/
const PLACE = '/run/netns-threads.so'

/** Where the worker's library is inside; `null` where there is none. */
export function threadsPathInside({ context }: Planning): string | null {
  const { threadsPath } = context
  if (threadsPath === undefined) return null
  return SEPARATORS.test(threadsPath) ? PLACE : threadsPath
}

/** What a worker needs that may ask PID 1 for further roots: an ordinary user's has no capability without. */
export function controlSteps(planning: Planning): Step[] {
  const { threadsPath, rootPerFile } = planning.context
  const inside = threadsPathInside(planning)
  if (threadsPath === undefined || inside === null) return []
  return [
    ...(inside === threadsPath
      ? []
      : [['bind', `root${inside}`, threadsPath, 'ro,file'] satisfies Step]),
    ['capability', 'sys_admin', 'net_admin', 'net_raw', 'net_bind_service'],
    ...(rootPerFile ? [['ahead'] satisfies Step] : []),
  ]
}
