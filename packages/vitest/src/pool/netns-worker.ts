import { EventEmitter } from 'node:events'
import { mustWork, readiness, type Readiness } from '@netns/core/runner'
import type { PoolOptions, PoolWorker, WorkerRequest } from 'vitest/node'
import { POOL_NAME } from '../names.ts'
import { fileOptions } from '../options/file-options.ts'
import type { Run } from '../run/run.ts'
import type { Backend, Emit } from './backend.ts'
import { LiveWorker } from './live.ts'
import { ReusedWorker } from './reused.ts'
import { refused } from './refused.ts'
import { filesOf, type SandboxRequest } from './worker-plan.ts'
import { recipeOf, startPlain, startSandboxed, type WorkerProcess } from './worker-process.ts'

const SHARED_NOTE = 'isolate: false: files that share a worker share its modules'

/** Runs a test file in a sandbox of its own; with `isolate: false` several, one after the other. */
export class NetnsPoolWorker implements PoolWorker {
  readonly name = POOL_NAME
  /** Transformed modules come as files, which every sandbox has bound, instead of through the channel. */
  readonly cacheFs = true
  readonly #run: Run
  readonly #pool: PoolOptions
  readonly #events = new EventEmitter()
  #backend: Backend | undefined

  constructor(run: Run, pool: PoolOptions) {
    this.#run = run
    this.#pool = pool
  }

  on(event: string, callback: (...values: unknown[]) => void): void {
    this.#events.on(event, callback)
  }

  off(event: string, callback: (...values: unknown[]) => void): void {
    this.#events.off(event, callback)
  }

  deserialize(data: unknown): unknown {
    return data
  }

  async start(): Promise<void> {
    const { project, environment } = this.#pool
    const options = fileOptions(project, environment)
    const [ready, opened] = await Promise.all([readiness(), this.#run.services(project)])
    this.#backend ??= await this.#startBackend({ options, opened }, ready)
  }

  send(message: WorkerRequest): void {
    this.#backend?.send(message)
  }

  async stop(): Promise<void> {
    await this.#backend?.stop()
    this.#backend = undefined
  }

  async #startBackend(request: SandboxRequest, ready: Readiness): Promise<Backend> {
    const run = this.#run
    const { options } = request
    if (ready.ok) {
      run.report.addDegrees(ready.degrees)
      if (!this.#pool.project.config.isolate) run.report.addNote(SHARED_NOTE)
      return this.#startLive(request)
    }
    if (options.fallback === 'error' || mustWork()) return refused(run, ready.error, this.#emit)
    run.warnOfFallback(ready.error)
    return new LiveWorker(run, this.#pool, startPlain(this.#pool, options, ready.error), this.#emit)
  }

  async #startLive(request: SandboxRequest): Promise<Backend> {
    const { project } = this.#pool
    const { options } = request
    const { warm } = this.#run
    const recipe = recipeOf(this.#pool, options)
    const start = (): WorkerProcess => startSandboxed(this.#run, this.#pool, request)
    if (filesOf(this.#pool, options) === 'fresh')
      return ReusedWorker.create({
        run: this.#run,
        pool: this.#pool,
        recipe,
        start,
        emit: this.#emit,
      })
    const worker = warm.take(project, recipe, start)
    const live = new LiveWorker(this.#run, this.#pool, worker, this.#emit)
    await worker.started
    setImmediate(() => warm.prepare(project, recipe, start))
    return live
  }

  readonly #emit: Emit = (event, ...values) => {
    // Without a listener, EventEmitter throws an `error`: Vitest takes its listeners away before it stops a worker.
    if (this.#events.listenerCount(event) > 0) this.#events.emit(event, ...values)
  }
}
