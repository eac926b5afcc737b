import { dirname } from 'node:path'
import {
  resolveThreads,
  servicesOf,
  type KeepRequest,
  type ResolvedOptions,
  type SandboxPlan,
  type Service,
} from '@netns/core/runner'
import type { PoolOptions, TestProject } from 'vitest/node'
import type { WorkerSetup } from '../channel/protocol.ts'
import { ownFile } from '../own-files.ts'
import { compileCacheFor } from '../run/compile-cache.ts'
import { hasProfiler, profileGlobs } from '../run/profiles.ts'
import type { Run } from '../run/run.ts'
import { moduleCopyPlaces } from './module-copies.ts'

export const entryPath = ownFile('entry.js')

const PROFILE_GRACE_MS = 10_000

export interface SandboxRequest {
  readonly options: ResolvedOptions
  /** Services that the run itself opened. */
  readonly opened: readonly Service[]
}

export interface WorkerPlan {
  readonly plan: SandboxPlan
  readonly keep: KeepRequest | undefined
  readonly compileCache: string | null
  readonly moduleCopies: WorkerSetup['moduleCopies']
}

/** Plans the sandbox of one worker. Throws NetnsError NETNS_OPTIONS_INVALID where an option does not fit this host. */
export function planWorker(
  run: Run,
  pool: PoolOptions,
  { options, opened }: SandboxRequest,
): WorkerPlan {
  const { project } = pool
  const projectRoot = project.config.root
  const cache = compileCacheFor(run, pool)
  const moduleCopies = moduleCopyPlaces(run, project)
  const profiles = profileGlobs(pool.execArgv, projectRoot)
  const keep = [...options.fs.keep, ...profiles]
  const plan = run.planner()(
    { ...options, fs: { ...options.fs, keep } },
    {
      projectRoot,
      roots: visibleRoots(run, project),
      cwd: process.cwd(),
      writeThrough: [cache.directory, coverageDirectory(project)].filter((path) => path !== null),
      readThrough: moduleCopies,
      services: servicesOf(options.net, () => opened),
      publish: inspectorEndpoints(run),
      pidBase: run.nextPidBase(),
      threadsPath: resolveThreads(),
      rootPerFile: filesOf(pool, options) !== 'one',
      // Node writes a profile after SIGTERM.
      ...(profiles.length > 0 ? { graceMs: PROFILE_GRACE_MS } : {}),
    },
  )
  return {
    plan,
    keep: keep.length > 0 ? { projectRoot, globs: keep } : undefined,
    compileCache: cache.ours ? cache.directory : null,
    moduleCopies,
  }
}

export function filesOf(
  { project, execArgv }: PoolOptions,
  { reuse }: ResolvedOptions,
): WorkerSetup['files'] {
  if (!project.config.isolate) return 'shared'
  // A debugger's port answers in the network that the process began with.
  return reuse && !hasProfiler(execArgv) && !project.config.inspector.enabled ? 'fresh' : 'one'
}

function visibleRoots(run: Run, project: TestProject): string[] {
  const { vitest } = run
  return [
    project.config.root,
    vitest.config.root,
    vitest.distPath,
    project.vite.config.cacheDir,
    dirname(entryPath),
    dirname(process.execPath),
    process.cwd(),
    ...project.vite.config.server.fs.allow,
    ...project.config.setupFiles.map((file) => dirname(file)),
  ]
}

/** Vitest 5 workers write what they covered to files below this directory. */
function coverageDirectory(project: TestProject): string | null {
  const coverage = project.serializedConfig.coverage as { coverageFilesDirectory?: string }
  return project.vitest.config.coverage.enabled ? (coverage.coverageFilesDirectory ?? null) : null
}

/** With `--inspect` the worker listens inside; debuggers connect to the same address of the host. */
function inspectorEndpoints({ vitest }: Run): string[] {
  const { enabled, host = '127.0.0.1', port = 9229 } = vitest.config.inspector
  if (!enabled) return []
  return [`${host.includes(':') ? `[${host}]` : host}:${port}`]
}
