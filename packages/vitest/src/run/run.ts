import { mkdirSync } from 'node:fs'
import {
  createPlanner,
  fallbackWarning,
  readHost,
  RunReportCollector,
  type Listener,
  type NetnsError,
  type Planner,
  type Service,
} from '@netns/core/runner'
import type { TestProject, TestSpecification, Vitest } from 'vitest/node'
import { HostAttachments } from '../attachments/host-attachments.ts'
import type { CreateStockWorker } from '../pool/stock-workers.ts'
import { Shelf } from '../pool/shelf.ts'
import { WarmWorkers } from '../pool/warm-workers.ts'
import { servicesSince } from './services.ts'

const runs = new WeakMap<Vitest, Run>()

/** What the plugin knows of one project. */
export interface ProjectSetup {
  /** What listened on this machine before `globalSetup`. */
  readonly listenersBefore: readonly Listener[]
  readonly createStockWorker: CreateStockWorker
}

/** State of one Vitest instance: several projects, and in watch mode several test runs. */
export class Run {
  readonly vitest: Vitest
  readonly attachments = new HostAttachments()
  readonly warm = new WarmWorkers()
  readonly shelf = new Shelf()
  /** Directories of the host where Vitest was seen to keep transformed modules. */
  readonly moduleCopies = new Set<string>()
  /** Compile caches of ours that workers of this run write to. */
  readonly compileCaches = new Set<string>()
  report = new RunReportCollector()
  readonly #projects = new WeakMap<TestProject, ProjectSetup>()
  readonly #open = new Set<Promise<unknown>>()
  #services = new Map<TestProject, Promise<readonly Service[]>>()
  #planner: Planner | undefined
  #refused = false
  #sandboxes = 0

  private constructor(vitest: Vitest) {
    this.vitest = vitest
  }

  /** The same for each project and plugin of a Vitest instance. */
  static of(vitest: Vitest): Run {
    const run = runs.get(vitest) ?? new Run(vitest)
    runs.set(vitest, run)
    return run
  }

  add(project: TestProject, setup: ProjectSetup): void {
    this.#projects.set(project, setup)
  }

  setupOf(project: TestProject): ProjectSetup {
    const setup = this.#projects.get(project)
    if (!setup) throw new Error(`netns: project "${project.name}" was not configured by the plugin`)
    return setup
  }

  /** Forgets the last test run. */
  begin(specifications: readonly TestSpecification[]): void {
    this.warm.expect(specifications)
    this.shelf.open(this.vitest.config.maxWorkers)
    this.report = new RunReportCollector()
    this.#services = new Map()
    this.#planner = undefined
    this.#refused = false
  }

  /** True for the first worker of a test run that asks: the run's one error is its to report. */
  claimRefusal(): boolean {
    const first = !this.#refused
    this.#refused = true
    return first
  }

  /** Says once per test run, and loudly, what does not hold. */
  warnOfFallback(error: NetnsError): void {
    if (this.claimRefusal()) this.vitest.logger.warn(fallbackWarning(error))
  }

  /** Read at the first worker's start, and so after `globalSetup`. */
  services(project: TestProject): Promise<readonly Service[]> {
    const known = this.#services.get(project)
    const services = known ?? servicesSince(this.setupOf(project).listenersBefore, this.vitest)
    this.#services.set(project, services)
    return services
  }

  /** Plans for the host as it was at the first worker's start. */
  planner(): Planner {
    this.#planner ??= createPlanner(readHost())
    return this.#planner
  }

  /** Makes a directory that sandboxes bind, before the host's facts are read. */
  provideDirectory(path: string): boolean {
    try {
      if (mkdirSync(path, { recursive: true }) !== undefined) this.#planner = undefined
      return true
    } catch {
      return false
    }
  }

  /**
   * First pid of the next sandbox: tools name temporary files by their pid, so sandboxes that share a
   * written-through directory must not have the same ones.
   */
  nextPidBase(): number {
    this.#sandboxes += 1
    return 1000 + ((this.#sandboxes * 1009) % 30_000)
  }

  /** The run is not over before the promise settles. */
  track(ending: Promise<unknown>): void {
    const settled = ending.catch(() => {}).finally(() => this.#open.delete(settled))
    this.#open.add(settled)
  }

  async settled(): Promise<void> {
    this.track(this.warm.dispose())
    while (this.#open.size > 0) await Promise.all(this.#open)
    // A process that waits until the next run in watch mode would see old names of files.
    await this.shelf.dispose()
  }
}
