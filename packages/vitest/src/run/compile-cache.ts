import { findCompileCache, type CompileCache } from '@netns/core/runner'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { Run } from './run.ts'

/** Vitest switches it off where it would falsify coverage. */
export function compileCacheFor(
  run: Run,
  project: TestProject,
  env: Readonly<Record<string, string | undefined>>,
): CompileCache {
  const place = join(project.vite.config.cacheDir, 'netns', 'compile-cache')
  const cache = findCompileCache(place, env, (directory) => run.provideDirectory(directory))
  if (cache.ours && cache.directory !== null) run.compileCaches.add(cache.directory)
  return cache
}
