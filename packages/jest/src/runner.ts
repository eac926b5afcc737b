import process from 'node:process'
import {
  fallbackRecord,
  fallbackWarning,
  mustWork,
  NetnsError,
  readiness,
  renderSummary,
} from '@netns/core/runner'
import { batchesOf, type Batch } from './host/batches.ts'
import { EventRelay } from './host/event-relay.ts'
import { Run } from './host/run.ts'
import { findUserJest } from './host/user-jest.ts'
import { withFarm, type FarmSetup } from './host/worker-farm.ts'
import type { GlobalConfig, Listener, Test, TestWatcher, Worker } from './jest.ts'

/**
 * `runner: 'jest-environment-netns/runner'`: the user's own jest-runner, whose workers start in sandboxes. Files with a
 * docblock that names another environment run as they would without it.
 *
 * @throws NetnsError `NETNS_OPTIONS_INVALID` for options, `NETNS_POOL_UNSUPPORTED` for `workerThreads: true`, and what the
 *   machine refuses; each ends the run
 */
export class NetnsRunner {
  readonly supportsEventEmitters = true
  readonly isSerial = false
  readonly #globalConfig: GlobalConfig
  readonly #context: unknown
  readonly #relay = new EventRelay()

  constructor(globalConfig: GlobalConfig, context: unknown) {
    this.#globalConfig = globalConfig
    this.#context = context
  }

  on(event: string, listener: Listener<never>): () => void {
    return this.#relay.on(event, listener)
  }

  async runTests(
    tests: readonly Test[],
    watcher: TestWatcher,
    { serial }: { serial: boolean },
  ): Promise<void> {
    try {
      refuseThreads(this.#globalConfig)
      await this.#run(tests, watcher, serial)
    } catch (error) {
      throw withoutStack(error)
    }
  }

  async #run(tests: readonly Test[], watcher: TestWatcher, serial: boolean): Promise<void> {
    const { rootDir } = this.#globalConfig
    const roots = tests.map(({ context }) => context.config.rootDir)
    const jest = findUserJest([...new Set([...roots, rootDir, process.cwd()])])
    const { sandboxed, plain, refused } = batchesOf(jest, tests)
    const run = new Run(jest, this.#globalConfig, tests, serial)
    this.#relay.begin(run)
    for (const { test, error } of refused) await this.#relay.fail(test, error)
    if (sandboxed.length > 0) await this.#runSandboxed(run, sandboxed, watcher, serial)
    if (plain.length > 0 && !watcher.isInterrupted()) {
      await this.#stockRunner(run).runTests(plain, watcher, { serial })
    }
    const summary = renderSummary(await run.finish())
    if (summary !== '') process.stderr.write(`\n${summary}\n`)
  }

  async #runSandboxed(
    run: Run,
    batches: readonly Batch[],
    watcher: TestWatcher,
    serial: boolean,
  ): Promise<void> {
    const sandboxed = !mayFallBack(batches) || (await isReady(run, batches))
    if (this.#globalConfig.detectOpenHandles) run.report.addNote(HANDLES_NOTE)
    for (const batch of batches) {
      if (watcher.isInterrupted()) return
      await this.#runBatch(run, batch, watcher, { serial, sandboxed })
    }
  }

  async #runBatch(
    run: Run,
    batch: Batch,
    watcher: TestWatcher,
    { serial, sandboxed }: { serial: boolean; sandboxed: boolean },
  ): Promise<void> {
    const { tests } = batch
    const workers: Worker[] = []
    const hasMore = (): boolean => this.#relay.hasUnstarted(tests)
    const setup: FarmSetup = {
      workers,
      numWorkers: serial ? 1 : Math.min(this.#globalConfig.maxWorkers, tests.length),
      start: (id) =>
        sandboxed ? run.startSandboxed(batch, id, hasMore) : run.startPlain(batch, id),
    }
    const runner = this.#stockRunner(run)
    const running = withFarm(run.jest.worker, setup, () =>
      runner.runTests(tests, watcher, { serial: false }),
    )
    try {
      await Promise.race([running, run.supervision.failed])
    } catch (error) {
      this.#relay.mute()
      for (const worker of workers) worker.forceExit()
      throw await explain(error)
    }
  }

  #stockRunner({ jest }: Run): InstanceType<typeof jest.TestRunner> {
    const runner = new jest.TestRunner(this.#globalConfig, this.#context)
    this.#relay.listenTo(runner)
    return runner
  }
}

// oxlint-disable-next-line import/no-default-export -- as Jest loads runners
export default NetnsRunner

const HANDLES_NOTE =
  '--detectOpenHandles watches Jest itself; tests ran in a sandboxed worker, whose open handles it does not see'

function refuseThreads({ workerThreads }: GlobalConfig): void {
  if (workerThreads !== true) return
  throw new NetnsError('NETNS_POOL_UNSUPPORTED', {
    detail: 'workerThreads is true: threads share one process, and so its files and network',
    hint: 'Remove workerThreads from the Jest config (and --workerThreads): sandboxes need worker processes.',
  })
}

/** Otherwise the first worker tells whether sandboxes can be made. */
function mayFallBack(batches: readonly Batch[]): boolean {
  return !mustWork() && batches.every(({ options }) => options.fallback === 'warn')
}

async function isReady(run: Run, batches: readonly Batch[]): Promise<boolean> {
  const ready = await readiness()
  if (ready.ok) return true
  process.stderr.write(fallbackWarning(ready.error))
  for (const { path } of batches.flatMap(({ tests }) => tests))
    run.report.addFallback(fallbackRecord(path, ready.error))
  return false
}

/** Where this machine cannot make sandboxes, the probe says all that is to be done, and not only what failed first. */
async function explain(error: unknown): Promise<unknown> {
  if (!(error instanceof NetnsError)) return error
  const ready = await readiness()
  return ready.ok ? error : ready.error
}

/** Jest prints the stack of what ends a run; the message says what to do. */
function withoutStack(error: unknown): unknown {
  if (error instanceof NetnsError) error.stack = `${error.name}: ${error.message}`
  return error
}
