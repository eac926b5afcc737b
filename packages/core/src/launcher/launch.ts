import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { setImmediate } from 'node:timers/promises'
import { existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { errnoName } from '../errors/errno.ts'
import { explainFailure } from '../errors/explain-failure.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { CONTROL_VARIABLE } from '../control/worker-place.ts'
import { readRestrictions } from '../host/restrictions.ts'
import { encodePlan } from '../plan/encode.ts'
import { Channel } from './channel.ts'
import type { EndedEvent, LauncherEvent } from './events.ts'
import { keepFiles, type Kept } from './keep.ts'
import { resolveLauncher } from './resolve-launcher.ts'
import { signalName } from './signals.ts'
import type { DegradedEvent, LaunchRequest, Sandbox, SandboxEnd, SandboxStart } from './types.ts'

/** SIGTERM gives the worker 400 ms; what is still there after this time is killed from outside. */
const DISPOSE_TIMEOUT_MS = 1500

/**
 * Starts a command in a new sandbox.
 *
 * @example
 * const sandbox = launch({ plan, command: process.execPath, args: ['test.js'], env: process.env, cwd: process.cwd() })
 * await sandbox.started
 * const { exitCode, noRoute } = await sandbox.ended
 *
 * @throws NetnsError `NETNS_LAUNCHER_MISSING` or `NETNS_PLATFORM` where there is no executable. Later failures reject
 *   `started` and `ended`.
 */
export function launch(request: LaunchRequest): Sandbox {
  return supervise(spawnLauncher(resolveLauncher(), request), request)
}

/** What {@link supervise} has to know of a launcher that somebody else started. */
export type SuperviseRequest = Pick<LaunchRequest, 'plan' | 'keep' | 'cwd' | 'ipc'>

/**
 * Gives the plan to a launcher that was started with {@link launcherArguments}, in the same turn of the event loop, and a
 * pipe as the descriptor after Node's IPC.
 */
export function supervise(child: ChildProcess, request: SuperviseRequest): Sandbox {
  const plan = encodePlan(request.plan)
  const exited = exitOf(child, request)
  const socket = child.stdio[channelFd(request)] as Socket | null | undefined
  if (!socket) return failedSandbox(child, exited)
  const channel = new Channel(socket, plan)
  const degraded = collectDegraded(channel)
  const failed = failureOf(channel)
  const started = startOf(channel, exited, failed)
  const ended = endOf(channel, request, exited, failed)
  for (const promise of [started, ended]) promise.catch(() => {}) // whoever waits for them hears of it
  return { process: child, started, ended, degraded, dispose: () => dispose(child, channel) }
}

function controlFd(request: Pick<LaunchRequest, 'ipc'>): number {
  return channelFd(request) + 1
}

function channelFd({ ipc }: Pick<LaunchRequest, 'ipc'>): number {
  return ipc ? 4 : 3
}

function spawnLauncher(launcher: string, request: LaunchRequest): ChildProcess {
  const { command, args, env, cwd, ipc = false, stdio = ['pipe', 'pipe', 'pipe'] } = request
  const fds: StdioOptions = [...stdio, ...(ipc ? (['ipc'] as const) : []), 'pipe']
  return spawn(launcher, [...launcherArguments(request), command, ...args], {
    cwd,
    env: launcherEnv(request, env),
    stdio: fds,
    serialization: 'advanced',
  })
}

/** The launcher's own arguments, before the command. */
export function launcherArguments(request: Pick<LaunchRequest, 'ipc' | 'plan'>): string[] {
  const keep = request.ipc ? ['--keep-fd', '3'] : []
  const { threadsPath } = request.plan
  const control = threadsPath === null ? [] : ['--control-fd', String(controlFd(request))]
  return ['--channel-fd', String(channelFd(request)), ...control, ...keep, '--']
}

/**
 * The environment that the launcher starts with. The worker's has LD_PRELOAD for the other variable; the library takes itself
 * out of it, and the worker's entry the control socket, before tests see them.
 */
export function launcherEnv(
  request: Pick<LaunchRequest, 'ipc' | 'plan'>,
  env: LaunchRequest['env'],
): LaunchRequest['env'] {
  const { threadsPath } = request.plan
  if (threadsPath === null) return env
  const preload = env['LD_PRELOAD']
  return {
    ...env,
    // Under its own name a launcher that is no static executable would load it.
    NETNS_PRELOAD: preload ? `${threadsPath}:${preload}` : threadsPath,
    [CONTROL_VARIABLE]: `${controlFd(request)}:${threadsPath}`,
  }
}

interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

function exitOf(child: ChildProcess, { cwd }: SuperviseRequest): Promise<Exit> {
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.on('error', (cause: NodeJS.ErrnoException) => {
      // A write to an ended child is an error of the child too; its exit says more.
      if (cause.syscall?.startsWith('spawn')) reject(spawnError(cause, child.spawnfile, cwd))
    })
  })
  exited.catch(() => {})
  return exited
}

function spawnError(cause: NodeJS.ErrnoException, launcher: string, cwd: string): NetnsError {
  const errno = cause.code ?? 'EIO'
  const common = { cause, errno, stage: 'spawn', syscall: 'spawn' }
  if (!existsSync(cwd))
    return new NetnsError('NETNS_EXEC_FAILED', {
      ...common,
      path: cwd,
      detail: `the working directory ${cwd} does not exist`,
    })
  if (errno === 'ENOENT' || errno === 'EACCES')
    return new NetnsError('NETNS_LAUNCHER_MISSING', { ...common, path: launcher })
  return new NetnsError('NETNS_SETUP_FAILED', { ...common, path: launcher })
}

function failedSandbox(child: ChildProcess, exited: Promise<Exit>): Sandbox {
  const failed = exited.then((): never => {
    throw new NetnsError('NETNS_LAUNCHER_DIED')
  })
  failed.catch(() => {})
  return { process: child, started: failed, ended: failed, degraded: [], dispose: async () => {} }
}

function collectDegraded(channel: Channel): readonly DegradedEvent[] {
  const degraded: DegradedEvent[] = []
  channel.listen((event) => {
    if (event.event !== 'degraded') return
    const { stage, path, errno, message } = event
    degraded.push({ stage, path, errno: errnoName(errno), message })
  })
  return degraded
}

/** Settles when the launcher says that there is no sandbox. */
function failureOf(channel: Channel): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    channel.listen((event) => {
      if (event.event === 'error') reject(explainFailure(event, readRestrictions()))
    })
  })
  failed.catch(() => {})
  return failed
}

function eventOf<Name extends LauncherEvent['event']>(
  channel: Channel,
  name: Name,
): Promise<Extract<LauncherEvent, { event: Name }>> {
  return new Promise((resolve) => {
    channel.listen((event) => {
      if (event.event === name) resolve(event as Extract<LauncherEvent, { event: Name }>)
    })
  })
}

async function startOf(
  channel: Channel,
  exited: Promise<Exit>,
  failed: Promise<never>,
): Promise<SandboxStart> {
  const gone = Promise.all([exited, channel.closed]).then(([exit]): never => {
    throw diedError(exit)
  })
  const { hostPid, setupUs } = await Promise.race([eventOf(channel, 'started'), failed, gone])
  return { hostPid, setupUs }
}

function diedError({ code, signal }: Exit): NetnsError {
  return new NetnsError('NETNS_LAUNCHER_DIED', {
    detail: signal === null ? `exit code ${code}` : `signal ${signal}`,
  })
}

async function endOf(
  channel: Channel,
  request: SuperviseRequest,
  exited: Promise<Exit>,
  failed: Promise<never>,
): Promise<SandboxEnd> {
  const gone = Promise.all([exited, channel.closed]).then(([exit]) => exit)
  const event = await Promise.race([eventOf(channel, 'ended'), failed, gone])
  if (!('event' in event)) return { ...lostCounts, exitCode: event.code, signal: event.signal }
  const kept = await keepAndRelease(channel, request)
  await gone
  return { ...countsOf(event), ...kept }
}

async function keepAndRelease(channel: Channel, { plan, keep }: SuperviseRequest): Promise<Kept> {
  try {
    const wanted = typeof keep === 'function' ? await askLater(keep) : keep
    return wanted ? await keepFiles(channel, plan, wanted) : { kept: [], keepFailures: [] }
  } finally {
    if (plan.hold) channel.release()
  }
}

/** What the command last said by another way may be on the way still. */
async function askLater<Answer>(ask: () => Answer): Promise<Answer> {
  await setImmediate()
  await setImmediate()
  return ask()
}

/** The launcher itself was killed: nobody counted. */
const lostCounts = { noRoute: null, leftProcesses: 0, maxRssKiB: null, kept: [], keepFailures: [] }

function countsOf({
  exitCode,
  signal,
  noRoute,
  leftProcesses,
  maxRssKiB,
}: EndedEvent): Omit<SandboxEnd, 'kept' | 'keepFailures'> {
  return {
    exitCode,
    signal: signal === null ? null : signalName(signal),
    noRoute,
    leftProcesses,
    maxRssKiB,
  }
}

async function dispose(child: ChildProcess, channel: Channel): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), DISPOSE_TIMEOUT_MS)
  await channel.closed
  clearTimeout(killer)
}
