import { pathToFileURL } from 'node:url'
import { isOurs, WORKER_VARIABLE, type WorkerSetup } from './channel/protocol.ts'
import { createWorkerChannel } from './channel/worker-channel.ts'
import { CompileCacheWriter } from './worker/compile-cache.ts'
import { SandboxWorker } from './worker/sandbox-worker.ts'

/*
 * The worker process, inside the sandbox: Vitest's own entry (init-forks) plus what makes modules, snapshots and
 * attachments of the sandbox work. It imports little: every file's start waits for it.
 */

type VitestWorker = typeof import('vitest/worker')
type InitOptions = Parameters<VitestWorker['init']>[0]
type RunTests = InitOptions['runTests']
type Listener = (message: unknown) => void

const startedMs = Date.now()
const setup = takeSetup()
if (setup.compileCache !== null) delete process.env['NODE_COMPILE_CACHE']

// Tests may replace these.
const exit = process.exit.bind(process)
const send = process.send?.bind(process) ?? refuseToStart
const on = process.on.bind(process)
const off = process.off.bind(process)
const removeAllListeners = process.removeAllListeners.bind(process)

// Node writes no profile when SIGTERM ends it (nodejs/node#55094).
if (process.execArgv.some((arg) => /^--(?:prof|cpu-prof|heap-prof|diagnostic-dir)/.test(arg))) {
  on('SIGTERM', () => exit())
}
on('error', exitIfDisconnected)
on('disconnect', exitAlone)

const channel = createWorkerChannel((message) => send(message))
const compileCache = new CompileCacheWriter(startedMs)
const sandboxWorker = setup.sandboxed ? new SandboxWorker({ setup, channel, startedMs }) : null
/** One wrapper per listener, so that `off` finds it. */
const wrappers = new Map<Listener, Listener>()
const vitest = (await import(pathToFileURL(setup.vitestWorker).href)) as VitestWorker

on('message', (message) => {
  if (isOurs(message) && message.netns === 'reply') channel.accept(message)
})
vitest.init({
  post: (message) => post(message),
  on: (listener) => on('message', forVitest(listener)),
  off: (listener) => off('message', forVitest(listener)),
  teardown,
  setup: (context) => vitest.setupEnvironment(withBase(context)),
  runTests: runWith('run'),
  collectTests: runWith('collect'),
  onModuleRunner: (runner) => sandboxWorker?.onModuleRunner(runner),
})

function takeSetup(): WorkerSetup {
  const text = process.env[WORKER_VARIABLE]
  delete process.env[WORKER_VARIABLE]
  if (text === undefined) refuseToStart()
  return JSON.parse(text) as WorkerSetup
}

function refuseToStart(): never {
  throw new Error('vitest-environment-netns: only its own pool can start this file')
}

/** The environment's name is ours; what runs is Vitest's own environment, loaded as Vitest loads it. */
function withBase<Context extends { environment: { name: string } }>(context: Context): Context {
  const { baseOptions } = setup
  return {
    ...context,
    environment: { ...context.environment, name: setup.base, options: baseOptions },
  }
}

function runWith(method: 'run' | 'collect'): RunTests {
  return async (state, traces) => {
    sandboxWorker?.prepare(state)
    try {
      await vitest.runBaseTests(method, state, traces)
    } finally {
      // Vitest 5 keeps its guard until the worker ends.
      if (setup.vitestMajor < 5) restoreExit()
    }
  }
}

function post(message: unknown): void {
  // Vitest ends the worker with a signal as soon as it hears this, so Node would never write its cache.
  if ((message as { type?: unknown } | null)?.type === 'stopped') compileCache.flush()
  send(message)
}

function forVitest(listener: Listener): Listener {
  const wrapper =
    wrappers.get(listener) ??
    ((message: unknown): void => {
      if (!isOurs(message)) listener(message)
    })
  wrappers.set(listener, wrapper)
  return wrapper
}

function teardown(): void {
  removeAllListeners('message')
  off('error', exitIfDisconnected)
  off('disconnect', exitAlone)
  restoreExit()
}

function restoreExit(): void {
  process.exit = exit
}

function exitIfDisconnected(error: NodeJS.ErrnoException): void {
  if (error.code === 'ERR_IPC_CHANNEL_CLOSED' || error.code === 'EPIPE') exit(1)
}

function exitAlone(): void {
  exit(1)
}
