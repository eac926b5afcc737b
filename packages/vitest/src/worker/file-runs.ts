import { getHeapStatistics } from 'node:v8'
import {
  openFileSandboxes,
  openScope,
  type FileSandboxEnd,
  type FileSandboxes,
  type HandleScope,
  type LeakKind,
} from '@netns/core/worker'
import type { SerializedConfig } from 'vitest'
import type { FileMessage, WorkerSetup } from '../channel/protocol.ts'
import { countOn } from '../reuse/coverage.ts'
import { ProcessState } from '../reuse/process-state.ts'

const MEBIBYTE = 1024 * 1024
/** A process that keeps more than this after a file has probably lost it for good, and the next file may need the rest. */
const HEAP_LIMIT_BYTES = Math.min(512 * MEBIBYTE, getHeapStatistics().heap_size_limit / 2)

/** Modules that files share rely on these. */
const sharedKinds: readonly LeakKind[] = ['timer', 'watcher', 'worker', 'port']

/** Vitest 4.1 has no types for `experimental` here. */
type PreparedConfig = Pick<SerializedConfig, 'coverage'> & {
  readonly experimental?: { readonly viteModuleRunner?: boolean }
}

/** A sandbox that waits longer for its file is made again, since the host may have changed. */
const WAITS_MS = 1000
const now = performance.now.bind(performance)
const on = process.on.bind(process)
const off = process.off.bind(process)
const errorEvents = ['uncaughtException', 'unhandledRejection']

/** The files of a worker that runs several: a sandbox for each, and a process that each finds as the first one did. */
export class FileRuns {
  readonly #setup: WorkerSetup
  readonly #sandboxes: FileSandboxes = openFileSandboxes()
  readonly #state: ProcessState | null
  #files: string[] | null = null
  #scope: HandleScope | null = null
  #isPrepared = false
  #begunMs = 0
  startedMs = Date.now()
  /** Files that have ended. */
  count = 0

  constructor(setup: WorkerSetup) {
    this.#setup = setup
    this.#state = setup.files === 'fresh' ? new ProcessState(setup.base) : null
  }

  /** Throws a NetnsError where a thread cannot be moved into the fresh sandbox. */
  begin(): void {
    const { keep } = this.#setup
    this.#sandboxes.begin(keep ? { keep } : {})
    this.#files = []
    this.#begunMs = now()
    this.startedMs = Date.now()
  }

  environmentIsUp(): void {
    this.#state?.environmentIsUp()
  }

  /** Before Vitest begins to measure. */
  async prepare({ coverage, experimental }: PreparedConfig): Promise<void> {
    if (this.#isPrepared || !this.#state) return
    this.#isPrepared = true
    // Node's own loader asks the runner for nothing.
    if (experimental?.viteModuleRunner === false) this.runnerWorks()
    if (coverage.enabled && coverage.provider === 'v8') await countOn(this.#setup.vitestWorker)
  }

  /** Before the first code of a file. */
  collect(file: string): void {
    hearErrors()
    this.#files?.push(file)
    this.#state?.fileBegins()
    this.#scope ??= openScope()
  }

  /** Vitest has the file's result: it would wait for ever until it had told anybody of an error after that. */
  finished(): void {
    ignoreErrors()
  }

  runnerWorks(): void {
    this.#state?.runnerWorks()
  }

  /** A file runs, or its sandbox is there. */
  get isReady(): boolean {
    if (!this.#files) return false
    return this.#files.length > 0 || now() - this.#begunMs < WAITS_MS
  }

  importPackage<Namespace>(id: string, load: () => Promise<Namespace>): Promise<Namespace> {
    return this.#state ? this.#state.importPackage(id, load) : load()
  }

  /**
   * Ends the file. The runner hears of it before the process is put back, which happens in the same turn of the event loop:
   * what it sends meanwhile waits.
   *
   * @param tell what files left open fails until it returns, and is no error of anybody
   * @returns whether the process may run another file
   * @throws what keeps the process from being put back: it must not run another file
   */
  async end(tell: (ended: FileMessage) => void): Promise<boolean> {
    ignoreErrors()
    this.#state?.exit()
    // First, so that what waits for a sandbox fails before the file has ended.
    const lost = this.#closeSandbox()
    const scope = this.#scope
    const leaks = scope?.close(this.#state ? [] : sharedKinds) ?? []
    const open = this.#state ? await scope?.settled() : []
    const { end, failure } = this.#endSandbox()
    const files = this.#files ?? []
    this.#files = null
    this.#scope = null
    this.count += 1
    const reason = this.#state ? (lost ?? failure ?? unfit(leaks, open)) : null
    tell({ netns: 'file', files, end, leaks, unfit: reason })
    try {
      this.#state?.restore()
    } finally {
      if (this.#state) ignoreErrors()
      else hearErrors()
    }
    return reason === null
  }

  #closeSandbox(): string | null {
    try {
      this.#sandboxes.close()
      return null
    } catch (error) {
      if (!this.#state) throw error
      return (error as Error).message
    }
  }

  /** With shared modules there is no other process that could run the next file: the run fails. */
  #endSandbox(): { end: FileSandboxEnd; failure?: string } {
    try {
      return { end: this.#sandboxes.end() }
    } catch (error) {
      if (!this.#state) throw error
      return { end: lostEnd, failure: (error as Error).message }
    }
  }
}

/** What a file left open may fail, and that is no error of anybody: beside another listener Vitest's own does nothing. */
function ignoreErrors(): void {
  hearErrors()
  for (const event of errorEvents) on(event, ignore)
}

function hearErrors(): void {
  for (const event of errorEvents) off(event, ignore)
}

/** Nobody counted. */
const lostEnd: FileSandboxEnd = { endedProcesses: 0, noRoute: null, kept: [], setupUs: 0 }

function unfit(leaks: FileMessage['leaks'], open: readonly string[] = []): string | null {
  const dispatcher = leaks.find(({ kind }) => kind === 'dispatcher')
  if (dispatcher) return dispatcher.description
  if (open.length > 0) return `${open.join(', ')} did not close`
  const used = getHeapStatistics().used_heap_size
  if (used < HEAP_LIMIT_BYTES) return null
  return `the heap was over ${Math.round(HEAP_LIMIT_BYTES / MEBIBYTE)} MiB after a file`
}

function ignore(): void {}
