import type { Leak } from '../handles/types.ts'
import type { Kept } from '../launcher/keep.ts'
import type { SandboxEnd } from '../launcher/types.ts'
import type { FileSandboxEnd } from './types.ts'

/** How a file of a re-used worker ended, as a report takes it: the process goes on. */
export function sandboxEndOf(
  { endedProcesses, noRoute }: Omit<FileSandboxEnd, 'kept'>,
  kept: Kept,
  leaks: readonly Leak[],
): SandboxEnd {
  return {
    exitCode: null,
    signal: null,
    noRoute,
    leftProcesses: endedProcesses,
    maxRssKiB: null,
    ...kept,
    leaks,
  }
}
