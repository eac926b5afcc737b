import { findCompileCache, type CompileCache } from '@netns/core/runner'
import { join } from 'node:path'
import type { PoolOptions } from 'vitest/node'
import { hasProfiler } from './profiles.ts'
import type { Run } from './run.ts'

/**
 * Vitest switches it off where it would falsify coverage. With a profiler a worker ends by itself, and then Node writes all to it,
 * also what tests wrote.
 */
export function compileCacheFor(run: Run, { project, env, execArgv }: PoolOptions): CompileCache {
  const place = join(project.vite.config.cacheDir, 'netns', 'compile-cache')
  const cache = findCompileCache(
    place,
    env,
    (directory) =>
      (directory !== place || !hasProfiler(execArgv)) && run.provideDirectory(directory),
  )
  if (cache.ours && cache.directory !== null) run.compileCaches.add(cache.directory)
  return cache
}
