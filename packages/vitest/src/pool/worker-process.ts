import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  launch,
  type DegradedEvent,
  type NetnsError,
  type ResolvedOptions,
  type SandboxEnd,
  type SandboxStart,
} from '@netns/core/runner'
import type { PoolOptions } from 'vitest/node'
import type { WorkerSetup } from '../channel/protocol.ts'
import { baseOptions } from '../options/file-options.ts'
import type { Run } from '../run/run.ts'
import type { Recipe } from './warm-workers.ts'
import { hasProfiler } from '../run/profiles.ts'
import { workerEnv } from './worker-env.ts'
import { entryPath, filesOf, planWorker, type SandboxRequest } from './worker-plan.ts'

/** A started worker, in a sandbox or (for `fallback: 'warn'`) without one. */
export interface WorkerProcess {
  readonly child: ChildProcess
  readonly setup: WorkerSetup
  /** Rejects with a NetnsError where there is no sandbox. `null` without a sandbox. */
  readonly started: Promise<SandboxStart | null>
  /** Settles when results are in. Rejects as `started` does. */
  readonly ended: Promise<SandboxEnd | null>
  readonly degraded: readonly DegradedEvent[]
  /** Why there is no sandbox. */
  readonly reason?: NetnsError
  /** Ends a worker that ran nothing. */
  discard(): Promise<void>
}

export function startSandboxed(
  run: Run,
  pool: PoolOptions,
  request: SandboxRequest,
): WorkerProcess {
  const { options } = request
  const { plan, keep, compileCache, moduleCopies } = planWorker(run, pool, request)
  run.report.addDegrees(plan.degrees)
  const files = filesOf(pool, options)
  const setup: WorkerSetup = {
    ...commonSetup(pool, options),
    sandboxed: true,
    compileCache,
    moduleCopies,
    files,
    keep: keep ?? null,
  }
  const { process: child, ...sandbox } = launch({
    plan,
    command: process.execPath,
    args: [...pool.execArgv, entryPath],
    env: workerEnv(pool.env, options.env, setup),
    cwd: process.cwd(),
    ipc: true,
    ...(keep ? { keep } : {}),
  })
  return { child, setup, ...sandbox, discard: () => sandbox.dispose() }
}

/** PID 1 kills the worker 400 ms after SIGTERM; what follows is the writing back of files. */
const STOP_TIMEOUT_MS = 30_000
/** For a profile to be written. */
const SELF_END_TIMEOUT_MS = 10_000

/** Ends a worker and waits until its sandbox is gone. Never rejects. */
export async function endProcess({ child, ended, setup }: WorkerProcess): Promise<void> {
  const gone = ended.catch(() => {})
  if (setup.endsItself && setup.files === 'one') {
    const patience = new AbortController()
    const waiting = pause(SELF_END_TIMEOUT_MS, undefined, { signal: patience.signal })
    await Promise.race([gone, waiting.catch(() => {})])
    patience.abort()
  }
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  child.kill('SIGTERM')
  await gone
  clearTimeout(killer)
}

/** Everything that {@link startSandboxed} makes a worker from. */
export function recipeOf(pool: PoolOptions, options: ResolvedOptions): Recipe {
  const { project, environment, execArgv, env } = pool
  return [project.name, options, environment.options, execArgv, env]
}

export function startPlain(
  pool: PoolOptions,
  options: ResolvedOptions,
  reason: NetnsError,
): WorkerProcess {
  const setup: WorkerSetup = {
    ...commonSetup(pool, options),
    sandboxed: false,
    compileCache: null,
    moduleCopies: [],
    files: 'one',
    keep: null,
  }
  const child = fork(entryPath, [], {
    env: workerEnv(pool.env, options.env, setup) as NodeJS.ProcessEnv,
    execArgv: [...pool.execArgv],
    stdio: 'pipe',
    serialization: 'advanced',
  })
  // For what comes when nobody is connected with the process.
  child.on('error', () => {})
  const ended = new Promise<null>((resolve) => child.once('exit', () => resolve(null)))
  const discard = async (): Promise<void> => void child.kill()
  return { child, setup, started: Promise.resolve(null), ended, degraded: [], reason, discard }
}

function commonSetup(
  { distPath, project, environment, execArgv }: PoolOptions,
  { base, net, perTest }: ResolvedOptions,
) {
  return {
    perTest,
    projectRoot: project.config.root,
    sharesNetwork: net.mode === 'host',
    endsItself: hasProfiler(execArgv),
    baseOptions: baseOptions(project, environment),
    vitestWorker: join(distPath, 'worker.js'),
    vitestMajor: Number.parseInt(project.vitest.version, 10),
    base,
  }
}
