import { accessSync, constants } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Run } from './run.ts'

export interface CompileCache {
  /** Written through. `null` where there is no cache. */
  readonly directory: string | null
  /** The user did not set one: our entry switches it on, without a variable that tests would see. */
  readonly ours: boolean
}

/**
 * Node's compile cache for workers. A worker lives for one file, so most of its start is compiling the same
 * modules again. Vitest switches it off where it would falsify coverage.
 */
export function compileCacheFor(
  run: Run,
  project: TestProject,
  env: Readonly<Record<string, string | undefined>>,
): CompileCache {
  const users = env['NODE_COMPILE_CACHE']
  const ours = users === undefined || users === ''
  const directory = ours
    ? join(project.vite.config.cacheDir, 'netns', 'compile-cache')
    : resolve(users)
  const usable =
    !env['NODE_DISABLE_COMPILE_CACHE'] && run.provideDirectory(directory) && isWritable(directory)
  if (usable && ours) run.compileCaches.add(directory)
  return { directory: usable ? directory : null, ours }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}
