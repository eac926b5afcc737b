import type { PoolOptions, WorkerRequest } from 'vitest/node'
import type { FileMessage, UnfitMessage } from '../channel/protocol.ts'
import type { Run } from '../run/run.ts'
import type { Backend, Emit } from './backend.ts'
import { noteCutShort } from './cut-short.ts'
import { hostCalls, type WorkerCalls } from './host-calls.ts'
import { WorkerLink } from './link.ts'
import { WorkerOutput } from './output.ts'
import { Records } from './records.ts'
import { endReused, type ReusedProcess } from './shelf.ts'
import type { Recipe } from './warm-workers.ts'
import type { WorkerProcess } from './worker-process.ts'

export interface ReuseContext {
  readonly run: Run
  readonly pool: PoolOptions
  readonly recipe: Recipe
  readonly start: () => WorkerProcess
  readonly emit: Emit
}

interface Session {
  readonly process: ReusedProcess
  readonly calls: WorkerCalls
  readonly records: Records
  readonly link: WorkerLink
}

/** Takes a process from the shelf for one file, and gives it back. */
export class ReusedWorker implements Backend {
  readonly #context: ReuseContext
  #session: Session
  #startMessage: WorkerRequest | null = null
  /** Tells the shelf whether the process is free; set while it stops. */
  #giveBack: ((isFit: boolean) => void) | null = null
  #fileEnded: FileMessage | null = null
  /** Paths of the files that were sent. */
  #files: readonly string[] = []
  #isStopping = false
  #isDetached = false
  /** Vitest ends a run before its last workers have stopped. */
  #over: () => void = () => {}

  private constructor(context: ReuseContext, process: ReusedProcess) {
    this.#context = context
    this.#session = this.#connect(process)
    context.run.track(new Promise<void>((resolve) => (this.#over = resolve)))
  }

  static async create(context: ReuseContext): Promise<ReusedWorker> {
    const process = (await context.run.shelf.take(context.recipe)) ?? startReused(context)
    const worker = new ReusedWorker(context, process)
    await process.worker.started
    return worker
  }

  send(message: WorkerRequest): void {
    const { process, records, link } = this.#session
    if (message.type === 'start') this.#startMessage = message
    if (message.type === 'run' || message.type === 'collect') {
      records.filesBegin(message.context.files)
      this.#files = message.context.files.map(({ filepath }) => filepath)
    }
    if (message.type !== 'stop') link.send(message)
    else if (this.#fileEnded) this.#stopped()
    else {
      this.#isStopping = true
      this.#giveBack = this.#context.run.shelf.announce(process)
      // After a file the worker stops by itself.
      if (this.#files.length === 0) link.send(message)
    }
  }

  async stop(): Promise<void> {
    if (!this.#isDetached) await this.#end()
    await this.#session.calls.close()
  }

  #connect(process: ReusedProcess): Session {
    const { run, pool, emit } = this.#context
    const { worker } = process
    const calls = hostCalls(run, pool.project, worker.setup.moduleCopies)
    const records = new Records(run, pool.project, worker)
    const link = new WorkerLink(worker, calls, {
      message: (message) => emit('message', message),
      isolated: (message) => run.track(records.isolateEnded(message)),
      file: (message) => {
        this.#fileEnded = message
        process.files += 1
        run.track(records.fileEnded(message))
        if (this.#isStopping) this.#stopped()
      },
      unfit: (message) => this.#replace(message),
      exit: (code, signal) => void this.#exited(() => emit('exit', code, signal)),
      error: (error) => void this.#exited(() => emit('error', error)),
    })
    return { process, calls, records, link }
  }

  /** The worker has stopped, and Vitest has asked for it. */
  #stopped(): void {
    const { run, emit } = this.#context
    const { unfit, stopped } = this.#fileEnded ?? {}
    if (unfit === null) this.#release()
    else if (unfit !== undefined) run.report.addUnfitWorker(unfit)
    emit('message', stopped)
  }

  #release(): void {
    this.#giveBack ??= this.#context.run.shelf.announce(this.#session.process)
    this.#detach()
    this.#giveBack(true)
    this.#over()
  }

  #detach(): void {
    this.#isDetached = true
    this.#session.link.detach()
  }

  async #end(): Promise<void> {
    this.#detach()
    this.#giveBack?.(false)
    const { process, records } = this.#session
    await endReused(process)
    await records.processEnded()
    this.#over()
  }

  async #exited(emit: () => void): Promise<void> {
    if (this.#isDetached) return
    this.#giveBack?.(false)
    if (!this.#fileEnded) noteCutShort(this.#context.pool.project, this.#files)
    emit()
    await this.#session.records.processEnded()
    this.#over()
  }

  /** The process cannot have a sandbox for the file: another one takes its place, unseen by Vitest. */
  #replace({ reason }: UnfitMessage): void {
    const { run, emit } = this.#context
    const { process, link, calls } = this.#session
    link.detach()
    run.track(Promise.all([endReused(process), calls.close()]))
    if (process.files === 0) {
      emit('error', new Error(reason))
      return
    }
    run.report.addUnfitWorker(reason)
    this.#session = this.#connect(startReused(this.#context))
    if (this.#startMessage) this.#session.link.send(this.#startMessage)
  }
}

function startReused({ run, recipe, start }: ReuseContext): ReusedProcess {
  const worker = start()
  return { recipe, worker, output: new WorkerOutput(worker.child, run.vitest.logger), files: 0 }
}
