import { pathToFileURL } from 'node:url'
import { setWorkerPlace, takeControl } from '@netns/core/control'
import type { WorkerGlobalState } from 'vitest'
import { isOurs } from './channel/protocol.ts'
import { createWorkerChannel } from './channel/worker-channel.ts'
import { CompileCacheWriter } from './worker/compile-cache.ts'
import type { FileRuns } from './worker/file-runs.ts'
import { currentTest } from './worker/current-test.ts'
import { prepareIsolation } from './worker/isolation.ts'
import { SandboxWorker } from './worker/sandbox-worker.ts'
import { refuseToStart, takeSetup } from './worker/setup.ts'

/*
 * The worker process, inside the sandbox: Vitest's own entry (init-forks) plus what makes modules, snapshots and
 * attachments of the sandbox work, and what lets it run several files. It imports little: every file's start waits for it.
 */

type VitestWorker = typeof import('vitest/worker')
type InitOptions = Parameters<VitestWorker['init']>[0]
type RunTests = InitOptions['runTests']
type Setup = NonNullable<InitOptions['setup']>
type Listener = (message: unknown) => void

const startedMs = Date.now()
const setup = takeSetup()
takePlace()
if (setup.compileCache !== null) delete process.env['NODE_COMPILE_CACHE']

// Tests may replace these.
const exit = process.exit.bind(process)
const send = process.send?.bind(process) ?? refuseToStart
const on = process.on.bind(process)
const off = process.off.bind(process)
const removeAllListeners = process.removeAllListeners.bind(process)
const [setImmediateOfNode, setIntervalOfNode] = [setImmediate, setInterval]

// Node writes no profile when SIGTERM ends it (nodejs/node#55094).
if (process.execArgv.some((arg) => /^--(?:prof|cpu-prof|heap-prof|diagnostic-dir)/.test(arg))) {
  on('SIGTERM', () => exit())
}
on('error', exitIfDisconnected)
on('disconnect', exitAlone)

const channel = createWorkerChannel((message) => send(message))
const vitest = (await import(pathToFileURL(setup.vitestWorker).href)) as VitestWorker
const compileCache = new CompileCacheWriter(startedMs)
// After Vitest, whose globals stay.
const fileRuns = await openFileRuns()
const sandboxWorker = setup.sandboxed
  ? new SandboxWorker({
      setup,
      channel,
      startedMs: () => fileRuns?.startedMs ?? startedMs,
      onFile: (path) => fileRuns?.collect(path),
      onFetch: () => fileRuns?.runnerWorks(),
      importPackage: (id, load) => (fileRuns ? fileRuns.importPackage(id, load) : load()),
    })
  : null
/** One wrapper per listener, so that `off` finds it. */
const wrappers = new Map<Listener, Listener>()
/** What Vitest would keep until the process ends. */
let cleanups: (() => unknown)[] = []
/** Why there is no sandbox for the next file. */
let unfit: Error | null = null
const onModuleRunner = (runner: object): void => sandboxWorker?.onModuleRunner(runner)
listen()

/** For isolate(). */
function takePlace(): void {
  const { projectRoot, sharesNetwork, sandboxed, keep } = setup
  setWorkerPlace({
    control: sandboxed ? takeControl() : null,
    projectRoot,
    sharesNetwork,
    keep,
    owner: currentTest,
    onEnd: (end) => send({ netns: 'isolated', end }),
    state: new Map(),
  })
}

async function openFileRuns(): Promise<FileRuns | null> {
  if (setup.files === 'one') return null
  const fileRunsModule = await import('./worker/file-runs.ts')
  return new fileRunsModule.FileRuns(setup)
}

/** For the next file, or for all where there is no next one. */
function listen(): void {
  wrappers.clear()
  // Before Vitest's listener: the sandbox of a file is there when its environment begins.
  on('message', accept)
  vitest.init({
    post,
    on: (listener) => on('message', forVitest(listener)),
    off: (listener) => off('message', forVitest(listener)),
    teardown,
    setup: setUp,
    runTests: runWith('run'),
    collectTests: runWith('collect'),
    onModuleRunner,
  })
}

function accept(message: unknown): void {
  if (isOurs(message)) {
    if (message.netns === 'reply') channel.accept(message)
  } else if (setup.files === 'fresh' && (message as { type?: unknown }).type === 'start') {
    beginFile()
  }
}

function beginFile(): void {
  if (fileRuns) begin(fileRuns)
  // The runner starts another process for the file, and ends this one.
  if (unfit) send({ netns: 'unfit', reason: unfit.message })
}

/** Not tried again after a failure: threads that could not be moved once would be left where they are. */
function begin(runs: FileRuns): void {
  if (runs.isReady || unfit) return
  try {
    runs.begin()
  } catch (error) {
    unfit = error as Error
  }
}

/** The environment's name is ours; what runs is Vitest's own environment, loaded as Vitest loads it. */
async function setUp(context: Parameters<Setup>[0]): Promise<() => Promise<unknown>> {
  const { baseOptions, base } = setup
  const environment = { ...context.environment, name: base, options: baseOptions }
  const teardownEnvironment = await vitest.setupEnvironment({ ...context, environment })
  const teardownOwn = async (): Promise<unknown> => teardownEnvironment?.()
  if (setup.files !== 'fresh') return teardownOwn
  fileRuns?.environmentIsUp()
  return async () => {
    const ours = cleanups
    cleanups = []
    const results = await Promise.allSettled(ours.map(async (cleanup) => cleanup()))
    await teardownOwn()
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }
}

function runWith(method: 'run' | 'collect'): RunTests {
  return async (state, traces) => {
    const run = async (own: WorkerGlobalState): Promise<void> => {
      sandboxWorker?.prepare(own)
      prepareIsolation(own, setup.perTest)
      await vitest.runBaseTests(method, own, traces)
    }
    if (setup.files === 'shared') return runOneByOne(state, run)
    if (setup.files === 'fresh') state.onCleanup = (cleanup) => void cleanups.push(cleanup)
    await fileRuns?.prepare(state.config)
    try {
      await run(state)
    } finally {
      // Vitest 5 keeps its guard until the worker ends.
      if (setup.vitestMajor < 5 && setup.files === 'one') restoreExit()
    }
  }
}

/** Vitest hands over several files at once; each has its own sandbox. */
async function runOneByOne(
  state: WorkerGlobalState,
  run: (own: WorkerGlobalState) => Promise<void>,
): Promise<void> {
  for (const file of state.ctx.files) {
    fileRuns?.begin()
    try {
      await run({ ...state, ctx: { ...state.ctx, files: [file] } })
    } finally {
      await fileRuns?.end(send)
    }
    // Vitest takes the time since then for the preparation of the next file.
    state.durations.prepare = performance.now()
  }
}

function post(message: unknown): void {
  const { type } = (message ?? {}) as { readonly type?: unknown }
  if (type === 'testfileFinished' && setup.files === 'fresh') {
    fileRuns?.finished()
    send(message)
    setImmediateOfNode(stopByItself)
  } else if (type !== 'stopped') {
    send(message)
  } else if (setup.files === 'fresh' && fileRuns) {
    void endFile(fileRuns, message)
  } else {
    // Vitest ends the worker with a signal as soon as it hears this, so Node would never write its cache.
    compileCache.flush()
    // The signal of a busy runner comes late. At an end of the process's own Node would write its cache, with what tests wrote.
    if (setup.sandboxed && !setup.endsItself) setIntervalOfNode(() => {}, 60_000)
    send(message, () => setup.endsItself && exit())
  }
}

/** Vitest stops a worker after its file: the way there and back is saved. */
function stopByItself(): void {
  for (const listener of wrappers.keys())
    listener({ type: 'stop', __vitest_worker_request__: true })
}

async function endFile(runs: FileRuns, stopped: unknown): Promise<void> {
  const ending = runs.end((ended) => send({ ...ended, stopped }))
  const isFit = await ending.catch((error: unknown) => {
    unfit = error as Error
    return false
  })
  sandboxWorker?.forgetModules()
  removeAllListeners('message')
  listen()
  if (runs.count === 1) compileCache.finish()
  // The next file's sandbox is made while the runner hears of this one's end.
  if (isFit) setImmediateOfNode(() => begin(runs))
}

function forVitest(listener: Listener): Listener {
  const wrapper =
    wrappers.get(listener) ??
    ((message: unknown): void => {
      if (!isOurs(message) && !unfit) listener(message)
    })
  wrappers.set(listener, wrapper)
  return wrapper
}

function teardown(): void {
  // The end of the file does this and more.
  if (setup.files === 'fresh') return
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
