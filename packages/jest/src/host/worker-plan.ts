import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import {
  findCompileCache,
  resolveThreads,
  type CompileCache,
  servicesOf,
  type KeepRequest,
  type Planner,
  type SandboxPlan,
  type Service,
} from '@netns/core/runner'
import type { GlobalConfig, ProjectConfig } from '../jest.ts'
import { environmentPath } from '../names.ts'
import type { Batch } from './batches.ts'

export interface WorkerPlan {
  readonly plan: SandboxPlan
  readonly keep: KeepRequest | undefined
}

/** What of the run decides a worker's sandbox. */
export interface PlanSurroundings {
  readonly globalConfig: GlobalConfig
  readonly planner: Planner
  readonly jestRunner: string
  readonly publish: readonly string[]
  services(): readonly Service[]
}

/** Plans the sandbox of one worker. Throws NetnsError NETNS_OPTIONS_INVALID where an option does not fit this host. */
export function planWorker(batch: Batch, surroundings: PlanSurroundings): WorkerPlan {
  const { project, options } = batch
  const globs = options.fs.keep
  const plan = surroundings.planner(options, {
    projectRoot: project.rootDir,
    roots: visibleRoots(project, surroundings),
    cwd: process.cwd(),
    writeThrough: writtenDirectories(project),
    readThrough: [],
    services: servicesOf(options.net, surroundings.services),
    publish: surroundings.publish,
    // Replaced by that of the launcher, once it has one.
    pidBase: process.pid,
    threadsPath: resolveThreads(),
    rootPerFile: options.reuse,
  })
  const keep = globs.length > 0 ? { projectRoot: project.rootDir, globs } : undefined
  return { plan, keep }
}

/** Makes what sandboxes bind, before the host's facts are read. Jest does without a cache that it cannot write. */
export function provideDirectories(projects: readonly ProjectConfig[]): void {
  for (const directory of projects.flatMap(writtenDirectories)) provideDirectory(directory)
}

function provideDirectory(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true })
    return true
  } catch {
    return false
  }
}

/**
 * Of Jest's own modules and the transformers, the only ones that Node loads in a worker: tests run in contexts of their own.
 * Not where Node counts what is covered, since it counts less in what comes from the cache.
 */
export function compileCacheOf(
  { cache, cacheDirectory }: ProjectConfig,
  { collectCoverage, coverageProvider }: GlobalConfig,
  env: Readonly<Record<string, string | undefined>>,
): CompileCache {
  const isCounted = (collectCoverage && coverageProvider === 'v8') || !!env['NODE_V8_COVERAGE']
  const place = join(cacheDirectory, 'netns-compile-cache')
  return findCompileCache(
    place,
    env,
    (directory) => directory !== place || (cache && !isCounted && provideDirectory(directory)),
  )
}

/** Workers write transformed modules themselves, and Node what it compiled or covered. */
function writtenDirectories({ cacheDirectory }: ProjectConfig): string[] {
  const nodes = [process.env['NODE_COMPILE_CACHE'], process.env['NODE_V8_COVERAGE']]
  const set = nodes.filter((path) => path !== undefined).filter((path) => path !== '')
  return [cacheDirectory, ...set.map((path) => resolve(path))]
}

function visibleRoots(
  project: ProjectConfig,
  { globalConfig, jestRunner }: PlanSurroundings,
): string[] {
  return [
    project.rootDir,
    globalConfig.rootDir,
    process.cwd(),
    dirname(process.execPath),
    dirname(jestRunner),
    dirname(environmentPath),
    ...project.roots,
    ...[...project.setupFiles, ...project.setupFilesAfterEnv].map((file) => dirname(file)),
  ]
}
