import { HeldDirectory } from './held-directory.ts'

/** Documented in docs/options.md. */
export const COMPILE_CACHE_LIMITS = { entries: 8192, sizeBytes: 128 * 1024 * 1024 } as const

export interface CacheLimits {
  readonly entries: number
  readonly sizeBytes: number
}

interface Version {
  readonly name: string
  readonly directory: HeldDirectory
}

interface Entry {
  readonly directory: HeldDirectory
  readonly name: string
  readonly sizeBytes: number
  readonly usedMs: number
}

/** Once above a limit, down to this part of it, so that the next runs have nothing to do. */
const KEPT_PART = 0.75

/** Beside the directories of Node's versions: their times when the entries were last looked at. */
const LOOKED_AT = 'netns-looked-at'

/**
 * Takes the entries that were not used for longest from a compile cache that is above one of the limits. Other runs
 * may use it meanwhile: whoever misses an entry compiles its module again. Where no entry came since the last time, none is
 * looked at, which takes as long as ten sandboxes. What cannot be read or removed stays: a run does not fail for its cache.
 */
export function pruneCompileCache(
  directory: string,
  limits: CacheLimits = COMPILE_CACHE_LIMITS,
): void {
  const cache = HeldDirectory.open(directory)
  if (!cache) return
  const versions = openVersions(cache)
  try {
    prune(cache, versions, limits)
  } finally {
    for (const held of [cache, ...versions.map((version) => version.directory)]) held.close()
  }
}

/** Node has one directory per version, architecture and user, and files named by a hash in it. */
function openVersions(cache: HeldDirectory): Version[] {
  return cache
    .list()
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const directory = cache.openChild(name)
      return directory ? [{ name, directory }] : []
    })
}

function prune(cache: HeldDirectory, versions: readonly Version[], limits: CacheLimits): void {
  const times = timesOf(versions)
  if (times === cache.read(LOOKED_AT)) return
  const entries = versions.flatMap(({ directory }) => entriesOf(directory))
  if (fits(totalOf(entries), limits)) cache.write(LOOKED_AT, times)
  else removeOldest(entries, limits)
}

/** Node writes an entry under another name first, which moves the time of its directory. */
function timesOf(versions: readonly Version[]): string {
  return versions
    .map(({ name, directory }) => `${name} ${directory.changedNs()}\n`)
    .toSorted()
    .join('')
}

function entriesOf(directory: HeldDirectory): Entry[] {
  return directory
    .list()
    .filter((entry) => entry.isFile())
    .flatMap(({ name }) => describe(directory, name))
}

/** The kernel moves the time of access at least once a day (`relatime`), unless the mount says `noatime`. */
function describe(directory: HeldDirectory, name: string): Entry[] {
  const stats = directory.statsOf(name)
  if (!stats) return []
  const { size, atimeMs, mtimeMs } = stats
  return [{ directory, name, sizeBytes: size, usedMs: Math.max(atimeMs, mtimeMs) }]
}

function removeOldest(entries: readonly Entry[], limits: CacheLimits): void {
  const wanted = {
    entries: limits.entries * KEPT_PART,
    sizeBytes: limits.sizeBytes * KEPT_PART,
  }
  const rest = totalOf(entries)
  for (const { directory, name, sizeBytes } of entries.toSorted((a, b) => a.usedMs - b.usedMs)) {
    if (fits(rest, wanted)) return
    if (!directory.remove(name)) continue
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
