import type { PoolOptions, WorkerRequest } from 'vitest/node'
import type { Run } from '../run/run.ts'
import type { Backend, Emit } from './backend.ts'
import { hostCalls, type WorkerCalls } from './host-calls.ts'
import { WorkerLink } from './link.ts'
import { WorkerOutput } from './output.ts'
import { Records } from './records.ts'
import { endProcess, type WorkerProcess } from './worker-process.ts'

/** A worker that runs, and ends when Vitest stops it. */
export class LiveWorker implements Backend {
  readonly #run: Run
  readonly #worker: WorkerProcess
  readonly #output: WorkerOutput
  readonly #calls: WorkerCalls
  readonly #records: Records
  readonly #link: WorkerLink
  readonly #released: Promise<void>

  constructor(run: Run, { project }: PoolOptions, worker: WorkerProcess, emit: Emit) {
    this.#run = run
    this.#worker = worker
    this.#output = new WorkerOutput(worker.child, run.vitest.logger)
    this.#calls = hostCalls(run, project, worker.setup.moduleCopies)
    this.#records = new Records(run, project, worker)
    this.#link = new WorkerLink(worker, this.#calls, {
      message: (message) => emit('message', message),
      file: (message) => run.track(this.#records.fileEnded(message)),
      isolated: (message) => run.track(this.#records.isolateEnded(message)),
      unfit: ({ reason }) => emit('error', new Error(reason)),
      exit: (code, signal) => emit('exit', code, signal),
      error: (error) => emit('error', error),
    })
    run.track(this.#records.processEnded())
    this.#released = this.#release()
    run.track(this.#released)
  }

  send(message: WorkerRequest): void {
    if (message.type === 'run' || message.type === 'collect')
      this.#records.filesBegin(message.context.files)
    this.#link.send(message)
  }

  async stop(): Promise<void> {
    this.#run.warm.release(this.#worker)
    await endProcess(this.#worker)
    this.#link.detach()
    await this.#released
  }

  /** Once, at the worker's end: Vitest calls `stop` of no worker that it did not stop itself. */
  async #release(): Promise<void> {
    const { ended, setup } = this.#worker
    await ended.catch(() => {})
    this.#run.warm.release(this.#worker)
    const finished = this.#output.finish()
    // A process that a plain worker left may keep the output open for ever.
    if (setup.sandboxed) await finished
    await this.#calls.close()
  }
}
