import { constants } from 'node:os'

const byNumber = Object.entries(constants.errno).map(([name, number]) => [number, name] as const)
// Of two names for one number the first is the usual one: EAGAIN, not EWOULDBLOCK.
const names = new Map(byNumber.toReversed())

/** Name of an errno such as `EPERM`; `errno <n>` for one that Node does not know. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`
}
