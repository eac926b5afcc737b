import type { WorkerGlobalState } from 'vitest'
import { stageAttachments } from '../attachments/worker-attachments.ts'
import type { WorkerSetup } from '../channel/protocol.ts'
import type { WorkerChannel } from '../channel/worker-channel.ts'
import { loadModulesInside, type InsideModules } from '../modules/inside.ts'
import type { VitestModuleRunner } from '../modules/vitest-runner.ts'
import { carrySnapshots, type SnapshotOptions } from '../snapshots/worker-snapshots.ts'
import { ModuleCopies } from './module-copies.ts'

type Rpc = WorkerGlobalState['rpc']

export interface SandboxWorkerOptions {
  readonly setup: WorkerSetup
  readonly channel: WorkerChannel
  /** When the file began. */
  readonly startedMs: () => number
  /** Called before the first code of each file. */
  readonly onFile: (path: string) => void
  /** Called when the worker is about to wait for modules. */
  readonly onFetch: () => void
  readonly importPackage: <Namespace>(
    id: string,
    load: () => Promise<Namespace>,
  ) => Promise<Namespace>
}

/** Makes Vitest's worker work where its files are not those of the runner. */
export class SandboxWorker {
  readonly #options: SandboxWorkerOptions
  readonly #copies: ModuleCopies
  readonly #runners = new WeakSet<object>()
  #inside: InsideModules | null = null
  #state: WorkerGlobalState | undefined

  constructor(options: SandboxWorkerOptions) {
    this.#options = options
    this.#copies = new ModuleCopies(options.setup.moduleCopies, options.channel)
  }

  /** Before Vitest runs files with this state. */
  prepare(state: WorkerGlobalState): void {
    this.#state = state
    state.rpc = this.#wrapRpc(state.rpc, state.config.root)
    carrySnapshots(
      state.config.snapshotOptions as unknown as SnapshotOptions,
      this.#options.channel,
    )
  }

  /** Vitest emits a module runner before each run, and before it loads anything with it. */
  onModuleRunner(runner: VitestModuleRunner): void {
    const state = this.#state
    if (!state || this.#runners.has(runner)) return
    this.#runners.add(runner)
    const { channel, startedMs, importPackage } = this.#options
    this.#inside = loadModulesInside(runner, {
      channel,
      startedMs,
      root: state.config.root,
      environment: () => this.#environment(),
    })
    const { evaluator } = runner
    const load = evaluator?.runExternalModule?.bind(evaluator)
    if (evaluator && load) evaluator.runExternalModule = (id) => importPackage(id, () => load(id))
  }

  /** The next file has fresh modules. */
  forgetModules(): void {
    this.#inside?.forget()
    if (this.#state) forgetCode(this.#state)
    this.#state = undefined
  }

  #environment(): string {
    const environment = this.#state?.environment
    return environment?.viteEnvironment ?? environment?.name ?? 'ssr'
  }

  #wrapRpc(rpc: Rpc, root: string): Rpc {
    const { channel, onFile, onFetch } = this.#options
    const calls: Partial<Rpc> = {
      fetch: (async (...args) => {
        const fetched = rpc.fetch(...args)
        onFetch()
        return this.#copies.show(await fetched)
      }) as Rpc['fetch'],
      fetchWarmModules: (async (...args) => {
        const fetched = rpc.fetchWarmModules(...args)
        onFetch()
        return this.#copies.showAll(await fetched)
      }) as Rpc['fetchWarmModules'],
      onTaskArtifactRecord: (async (test, artifact) => {
        await stageAttachments(artifact, { root, channel })
        return rpc.onTaskArtifactRecord(test, artifact)
      }) as Rpc['onTaskArtifactRecord'],
      // Vitest calls it before it loads anything for a file, and goes on without waiting.
      onQueued: ((file) => {
        onFile(file.filepath)
        return rpc.onQueued(file)
      }) as Rpc['onQueued'],
    }
    return new Proxy(rpc, {
      get: (target, key) => calls[key as keyof Rpc] ?? (Reflect.get(target, key) as unknown),
    })
  }
}

/**
 * Vitest keeps the code of modules for as long as the runner's file is the same. The next file finds others inside than this
 * one, which may have written them, and the code of test files would stay until the process ends.
 */
function forgetCode({ evaluatedModules }: WorkerGlobalState): void {
  for (const module of evaluatedModules.idToModuleMap.values()) {
    module.meta = undefined
    module.map = undefined
  }
}
