import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
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

/** Beside the directories of Node's versions: their times when the entries were last looked at. */
const LOOKED_AT = 'netns-looked-at'

/** Tests may write to the cache: what they put there in its place leads nowhere else, and nobody waits for it. */
const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants
const TO_READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK
const TO_WRITE = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK

/**
 * Takes the entries that were not used for longest from a compile cache that is above one of the limits. Other runs
 * may use it meanwhile: whoever misses an entry compiles its module again. Where no entry came since the last time, none is
 * looked at, which takes as long as ten sandboxes.
 */
export function pruneCompileCache(
  directory: string,
  limits: CacheLimits = COMPILE_CACHE_LIMITS,
): void {
  if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return
  const times = timesOf(directory)
  if (times === lastTimes(directory)) return
  const entries = listEntries(directory)
  if (fits(totalOf(entries), limits)) rememberTimes(directory, times)
  else removeOldest(entries, limits)
}

function removeOldest(entries: readonly Entry[], limits: CacheLimits): void {
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

/** Node writes an entry under another name first, which moves the time of its directory. */
function timesOf(directory: string): string {
  return versionsOf(directory)
    .map((name) => {
      const stats = statSync(join(directory, name), { bigint: true, throwIfNoEntry: false })
      return `${name} ${stats?.mtimeNs}\n`
    })
    .toSorted()
    .join('')
}

function lastTimes(directory: string): string | undefined {
  try {
    return withStamp(directory, TO_READ, (fd) => readFileSync(fd, 'utf8'))
  } catch {
    return undefined
  }
}

function rememberTimes(directory: string, times: string): void {
  try {
    withStamp(directory, TO_WRITE, (fd) => writeFileSync(fd, times))
  } catch {
    // Then the next run looks at all entries again.
  }
}

function withStamp<Result>(directory: string, flags: number, use: (fd: number) => Result): Result {
  const fd = openSync(join(directory, LOOKED_AT), flags)
  try {
    return use(fd)
  } finally {
    closeSync(fd)
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
  return versionsOf(directory)
    .flatMap((version) => list(join(directory, version)).map((entry) => [version, entry] as const))
    .filter(([, entry]) => entry.isFile())
    .flatMap(([version, { name }]) => describe(join(directory, version, name)))
}

function versionsOf(directory: string): string[] {
  return list(directory)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
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
