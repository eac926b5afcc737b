import type { ChildProcess } from 'node:child_process'
import process from 'node:process'
import {
  createPlanner,
  degreeOf,
  launcherArguments,
  launcherEnv,
  readHost,
  resolveLauncher,
  RunReportCollector,
  NetnsError,
  pruneCompileCache,
  type KeepRequest,
  type Planner,
  type RunReport,
  type Service,
  type SuperviseRequest,
  withPidBase,
} from '@netns/core/runner'
import type { GlobalConfig, ProjectConfig, Test, TestResult } from '../jest.ts'
import type { WorkerSetup } from '../protocol.ts'
import type { Batch } from './batches.ts'
import { FileLedger } from './file-ledger.ts'
import { openedServices } from './listeners.ts'
import { ownCompileCache } from './own-compile-cache.ts'
import { Supervision } from './supervision.ts'
import type { UserJest } from './user-jest.ts'
import { workerEnv } from './worker-env.ts'
import type { WorkerStart } from './worker-farm.ts'
import { nodeArguments } from './node-arguments.ts'
import { compileCacheOf, planWorker, provideDirectories } from './worker-plan.ts'

/** The kernel keeps lower ones for the first processes of a namespace. */
const LOWEST_PID = 300

const NO_PRESET_NOTE =
  "net.services: 'auto' needs preset: 'jest-environment-netns', which Jest loads before globalSetup; without it list the ports"

/** State of one run of tests; in watch mode there are several. */
export class Run {
  readonly jest: UserJest
  readonly globalConfig: GlobalConfig
  readonly report = new RunReportCollector()
  readonly ledger: FileLedger
  readonly supervision = new Supervision()
  readonly #sandboxed = new Set<Test>()
  readonly #records: Promise<void>[] = []
  /** Those of ours: what this process and workers write to. */
  readonly #compileCaches: Set<string>
  readonly #hasGlobalSetup: boolean
  /** One worker stands for Jest's own process. */
  readonly #isOnly: boolean
  #opened: readonly Service[] | undefined
  #planner: Planner | undefined
  #processes = 0

  constructor(jest: UserJest, globalConfig: GlobalConfig, tests: readonly Test[], isOnly: boolean) {
    this.#isOnly = isOnly
    this.jest = jest
    this.globalConfig = globalConfig
    this.#compileCaches = new Set([ownCompileCache()].filter((path) => path !== null))
    this.ledger = new FileLedger(globalConfig, tests)
    const projects = tests.map(({ context }) => context.config)
    provideDirectories(projects)
    this.#hasGlobalSetup = [globalConfig, ...projects].some(({ globalSetup }) => globalSetup)
  }

  /** Throws NetnsError NETNS_OPTIONS_INVALID where an option does not fit this host. */
  startSandboxed(batch: Batch, workerId: number, hasMore: () => boolean): WorkerStart {
    const { args, publish } = nodeArguments(process.execArgv, this.#isOnly)
    for (const test of batch.tests) this.#sandboxed.add(test)
    const { plan, keep } = planWorker(batch, {
      globalConfig: this.globalConfig,
      planner: (this.#planner ??= createPlanner(readHost())),
      jestRunner: this.jest.runnerPath,
      publish,
      services: () => this.#services(),
    })
    this.report.addDegrees(plan.degrees)
    const sandbox = (this.#processes += 1)
    // A worker that goes on has a tree per file, and hands over each one's files itself, unless it ends in the middle of one.
    const unfinished = (): KeepRequest | null => this.ledger.unfinishedKeep(sandbox)
    const request = {
      plan,
      ...(keep ? { keep: batch.options.reuse ? unfinished : keep } : {}),
      cwd: process.cwd(),
      ipc: true,
    }
    return {
      execPath: resolveLauncher(),
      execArgv: [...launcherArguments(request), process.execPath, ...args],
      env: launcherEnv(request, this.#env(batch, workerId, { sandbox, sandboxed: true })),
      started: (child) => this.supervision.attend(sandbox, child, withOwnPid(request, child)),
      renews: () => (!batch.options.reuse || this.ledger.isUnfit(sandbox)) && hasMore(),
    }
  }

  /** For `fallback: 'warn'`. */
  startPlain(batch: Batch, workerId: number): WorkerStart {
    return {
      execPath: process.execPath,
      execArgv: nodeArguments(process.execArgv, this.#isOnly).args,
      env: this.#env(batch, workerId, { sandbox: 0, sandboxed: false }),
      started: () => {},
      renews: () => false,
    }
  }

  /**
   * Waits until what leaves a passed file's sandbox is written. Resolves to why the file fails in spite of its result.
   */
  async settle(test: Test, { snapshot }: TestResult): Promise<unknown> {
    if (this.#sandboxed.has(test) && !this.ledger.processOf(test))
      return foreignEnvironment(test.context.config)
    if (snapshot.fileDeleted && this.globalConfig.updateSnapshot === 'all')
      this.ledger.removeSnapshot(test, () => this.jest.snapshotPath(test))
    return this.ledger.settle(test)
  }

  /** Puts a file that ended into the report, as soon as its process has ended. */
  record(test: Test): void {
    const place = this.ledger.processOf(test)
    if (!place || place.sandbox === 0) return
    const isOver = place.alone || this.ledger.isCutShort(test)
    const ending = isOver ? this.supervision.ended(place.sandbox) : Promise.resolve(null)
    for (const isolation of this.ledger.isolationsOf(test)) this.report.addIsolation(isolation)
    this.#records.push(ending.then((end) => this.report.add(this.ledger.record(test, end))))
  }

  /** Waits until every process has ended. */
  async finish(): Promise<RunReport> {
    for (const { degraded } of await this.supervision.allEnded())
      this.report.addDegrees(degraded.map(degreeOf))
    await Promise.all(this.#records)
    for (const reason of this.ledger.unfitReasons()) this.report.addUnfitWorker(reason)
    for (const directory of this.#compileCaches) pruneCompileCache(directory)
    return this.report.report()
  }

  /** Read once: a look at all sockets of the machine takes milliseconds. */
  #services(): readonly Service[] {
    if (!this.#hasGlobalSetup) return []
    const services = (this.#opened ??= openedServices())
    if (!services) this.report.addNote(NO_PRESET_NOTE)
    return services ?? []
  }

  #env(
    batch: Batch,
    workerId: number,
    place: Pick<WorkerSetup, 'sandbox' | 'sandboxed'>,
  ): Record<string, string> {
    const setup = {
      ...place,
      reuse: batch.options.reuse,
      written: batch.written,
      projectRoot: batch.project.rootDir,
      sharesNetwork: batch.options.net.mode === 'host',
      jestRunner: this.jest.runnerPath,
    }
    return workerEnv(batch.options.env, workerId, this.jest.colorEnv, setup, (env) =>
      place.sandboxed ? this.#compileCache(batch, env) : null,
    )
  }

  /** `null` where the user has one, or there is none. */
  #compileCache({ project }: Batch, env: Readonly<Record<string, string>>): string | null {
    const { directory, ours } = compileCacheOf(project, this.globalConfig, env)
    if (directory === null || !ours) return null
    this.#compileCaches.add(directory)
    return directory
  }
}

/**
 * Jest's workers name temporary files of the shared cache by their pid, and so do those of another Jest that runs at the same
 * time: a sandbox begins to count at its launcher's pid, which no other process of the host has.
 */
function withOwnPid(request: SuperviseRequest, { pid }: ChildProcess): SuperviseRequest {
  if (pid === undefined) return request
  return { ...request, plan: withPidBase(request.plan, Math.max(pid, LOWEST_PID)) }
}

function foreignEnvironment({ testEnvironment }: ProjectConfig): NetnsError {
  return new NetnsError('NETNS_NOT_IN_SANDBOX', {
    detail: `testEnvironment is ${testEnvironment}, which neither is nor extends jest-environment-netns`,
    hint: "Remove testEnvironment from a config that has the preset, which sets it. Otherwise set testEnvironment: 'netns' (with base: 'jsdom' in testEnvironmentOptions.netns for a DOM), or take the netns runner out of this project.",
  })
}
