import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Documented in docs/options.md. */
export const COMPILE_CACHE_LIMITS = { entries: 8192, sizeBytes: 128 * 1024 * 1024 } as const

export interface CacheLimits {
  readonly entries: number
  readonly sizeBytes: number
}

interface Entry {
  readonly path: string
  readonly sizeBytes: number
  readonly usedMs: number
}

/** Once above a limit, down to this part of it, so that the next runs have nothing to do. */
const KEPT_PART = 0.75

/**
 * Takes the entries that were not used for longest from a compile cache that is above one of the limits. Other runs
 * may use it meanwhile: whoever misses an entry compiles its module again.
 */
export function pruneCompileCache(
  directory: string,
  limits: CacheLimits = COMPILE_CACHE_LIMITS,
): void {
  const entries = listEntries(directory)
  if (fits(totalOf(entries), limits)) return
  const wanted = {
    entries: limits.entries * KEPT_PART,
    sizeBytes: limits.sizeBytes * KEPT_PART,
  }
  const rest = totalOf(entries)
  for (const { path, sizeBytes } of entries.toSorted((a, b) => a.usedMs - b.usedMs)) {
    if (fits(rest, wanted)) return
    if (!remove(path)) continue
    rest.entries -= 1
    rest.sizeBytes -= sizeBytes
  }
}

function totalOf(entries: readonly Entry[]): { entries: number; sizeBytes: number } {
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  return { entries: entries.length, sizeBytes }
}

function fits(total: CacheLimits, limits: CacheLimits): boolean {
  return total.entries <= limits.entries && total.sizeBytes <= limits.sizeBytes
}

/** Node has one directory per version, architecture and user, and files named by a hash in it. */
function listEntries(directory: string): Entry[] {
  return list(directory)
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => list(join(directory, name)).map((entry) => [name, entry] as const))
    .filter(([, entry]) => entry.isFile())
    .flatMap(([version, { name }]) => describe(join(directory, version, name)))
}

function list(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

/** The kernel moves the time of access at least once a day (`relatime`), unless the mount says `noatime`. */
function describe(path: string): Entry[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats) return []
  const { size, atimeMs, mtimeMs } = stats
  return [{ path, sizeBytes: size, usedMs: Math.max(atimeMs, mtimeMs) }]
}

function remove(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch {
    return false
  }
}
