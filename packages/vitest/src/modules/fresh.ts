import type { Stats } from 'node:fs'

/** The kernel's clock for file times runs up to one tick (10 ms) behind the one that programs read. */
const CLOCK_SLACK_MS = 50

/** A file that was written inside has a new inode, and so a status change after the worker's start. */
export function isFresh({ ctimeMs }: Pick<Stats, 'ctimeMs'>, startedMs: number): boolean {
  return ctimeMs >= startedMs - CLOCK_SLACK_MS
}
