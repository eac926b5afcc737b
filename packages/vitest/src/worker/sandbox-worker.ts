import type { WorkerGlobalState } from 'vitest'
import { stageAttachments } from '../attachments/worker-attachments.ts'
import type { WorkerSetup } from '../channel/protocol.ts'
import type { WorkerChannel } from '../channel/worker-channel.ts'
import { loadModulesInside } from '../modules/inside.ts'
import type { VitestModuleRunner } from '../modules/vitest-runner.ts'
import { carrySnapshots, type SnapshotOptions } from '../snapshots/worker-snapshots.ts'
import { ModuleCopies } from './module-copies.ts'

type Rpc = WorkerGlobalState['rpc']

export interface SandboxWorkerOptions {
  readonly setup: WorkerSetup
  readonly channel: WorkerChannel
  readonly startedMs: number
}

/** Makes Vitest's worker work where its files are not those of the runner. */
export class SandboxWorker {
  readonly #options: SandboxWorkerOptions
  readonly #copies: ModuleCopies
  readonly #runners = new WeakSet<object>()
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
  onModuleRunner(runner: object): void {
    const state = this.#state
    if (!state || this.#runners.has(runner)) return
    this.#runners.add(runner)
    loadModulesInside(runner as VitestModuleRunner, {
      channel: this.#options.channel,
      startedMs: this.#options.startedMs,
      root: state.config.root,
      environment: () => state.environment.viteEnvironment ?? state.environment.name,
    })
  }

  #wrapRpc(rpc: Rpc, root: string): Rpc {
    const { channel } = this.#options
    const calls: Partial<Rpc> = {
      fetch: (async (...args) => this.#copies.show(await rpc.fetch(...args))) as Rpc['fetch'],
      fetchWarmModules: (async (...args) =>
        this.#copies.showAll(await rpc.fetchWarmModules(...args))) as Rpc['fetchWarmModules'],
      onTaskArtifactRecord: (async (test, artifact) => {
        await stageAttachments(artifact, { root, channel })
        return rpc.onTaskArtifactRecord(test, artifact)
      }) as Rpc['onTaskArtifactRecord'],
    }
    return new Proxy(rpc, {
      get: (target, key) => calls[key as keyof Rpc] ?? (Reflect.get(target, key) as unknown),
    })
  }
}
