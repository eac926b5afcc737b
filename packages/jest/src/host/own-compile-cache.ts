import { existsSync, lstatSync, mkdirSync, statSync } from 'node:fs'
import module from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'

const GROUP_AND_OTHERS_WRITE = 0o022
const STICKY = 0o1000

let used: string | null = null

/** `null` where it is not used. */
export function ownCompileCache(): string | null {
  return used
}

/**
 * Gives Jest's own process a compile cache, since most of its start is compiling the same modules again. No sandbox writes to it,
 * as they do to that of the workers: it is code that runs on the host. Not where the user has one or wants none, and not where
 * Node counts what is covered.
 */
export function useOwnCompileCache(): void {
  const { enableCompileCache, getCompileCacheDir } = module
  if (process.env['NODE_DISABLE_COMPILE_CACHE'] || process.env['NODE_V8_COVERAGE']) return
  if (!enableCompileCache || getCompileCacheDir?.() !== undefined) return
  const directory = join(tmpdir(), `netns-compile-cache-${process.geteuid?.()}`)
  if (!provideOwn(directory)) return
  enableCompileCache(directory)
  used = directory
}

/** Anybody can make something of this name in `/tmp`, and put something else there where that is not sticky. */
function provideOwn(directory: string): boolean {
  try {
    if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 })
    const { uid, mode } = statSync(dirname(directory))
    const isKept = isOursOrRoots(uid) && (!(mode & GROUP_AND_OTHERS_WRITE) || !!(mode & STICKY))
    const stats = lstatSync(directory)
    const isOurs = stats.uid === process.geteuid?.() && !(stats.mode & GROUP_AND_OTHERS_WRITE)
    return isKept && stats.isDirectory() && isOurs
  } catch {
    return false
  }
}

function isOursOrRoots(uid: number): boolean {
  return uid === process.geteuid?.() || uid === 0
}
