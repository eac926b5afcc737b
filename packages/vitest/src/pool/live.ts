import { relative } from 'node:path'
import { fallbackRecord } from '@netns/core'
import type { PoolOptions, WorkerRequest } from 'vitest/node'
import { answer } from '../channel/host-channel.ts'
import { isOurs, type CallMessage, type ReplyMessage } from '../channel/protocol.ts'
import type { Run } from '../run/run.ts'
import type { Backend, Emit } from './backend.ts'
import { hostCalls, type WorkerCalls } from './host-calls.ts'
import { WorkerOutput } from './output.ts'
import type { WorkerProcess } from './worker-process.ts'

/** PID 1 kills the worker 400 ms after SIGTERM; what follows is the writing back of files. */
const STOP_TIMEOUT_MS = 30_000
/** How long a failed write waits for the exit that explains it. */
const PIPE_ERROR_GRACE_MS = 1000

/** A worker that runs. */
export class LiveWorker implements Backend {
  readonly #run: Run
  readonly #pool: PoolOptions
  readonly #worker: WorkerProcess
  readonly #emit: Emit
  readonly #output: WorkerOutput
  readonly #calls: WorkerCalls
  readonly #files = new Set<string>()
  #stopping = false

  constructor(run: Run, pool: PoolOptions, worker: WorkerProcess, emit: Emit) {
    this.#run = run
    this.#pool = pool
    this.#worker = worker
    this.#emit = emit
    this.#output = new WorkerOutput(worker.child, run.vitest.logger)
    this.#calls = hostCalls(run, pool.project, worker.setup.moduleCopies)
    const { child } = worker
    child.on('message', (message) => this.#receive(message))
    child.on('error', (error) => this.#failed(error))
    child.once('exit', (code, signal) => void this.#exited(code, signal))
    run.track(this.#record())
  }

  send(message: WorkerRequest): void {
    if (message.type === 'run' || message.type === 'collect') this.#remember(message.context.files)
    this.#post(message)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    this.#run.warm.release(this.#worker)
    const { child, ended } = this.#worker
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.kill('SIGTERM')
    await ended.catch(() => {})
    clearTimeout(killer)
    await this.#output.finish()
    await this.#calls.close()
  }

  #remember(files: readonly { readonly filepath: string }[]): void {
    const { root } = this.#pool.project.config
    for (const { filepath } of files) this.#files.add(relative(root, filepath))
  }

  #receive(message: unknown): void {
    if (isOurs(message)) void this.#answer(message as CallMessage)
    else this.#emit('message', message)
  }

  async #answer(message: CallMessage): Promise<void> {
    this.#post(await answer(this.#calls, message))
  }

  #post(message: WorkerRequest | ReplyMessage): void {
    // Without a callback a write to a dying worker would be an `error` of the process, like a failed spawn.
    this.#worker.child.send(message, (error) => error && this.#failed(error))
  }

  /** The launcher's own exit is no exit of the worker where there was no sandbox. */
  async #exited(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    try {
      await this.#worker.started
      await this.#worker.ended
      this.#emit('exit', code, signal)
    } catch (error) {
      this.#emit('error', error)
    }
  }

  /** A write to a dying worker fails before its exit is seen; the exit says more. */
  #failed(error: NodeJS.ErrnoException): void {
    if (error.code !== 'EPIPE' && error.code !== 'ERR_IPC_CHANNEL_CLOSED') {
      this.#emit('error', error)
      return
    }
    setTimeout(() => {
      const { exitCode, signalCode } = this.#worker.child
      if (exitCode === null && signalCode === null && !this.#stopping) this.#emit('error', error)
    }, PIPE_ERROR_GRACE_MS).unref()
  }

  async #record(): Promise<void> {
    const { started, ended, degraded, reason } = this.#worker
    const { report } = this.#run
    const start = await started.catch(() => null)
    const end = await ended.catch(() => null)
    const files = [...this.#files]
    if (reason) for (const file of files) report.addFallback(fallbackRecord(file, reason))
    if (!this.#worker.setup.sandboxed) return
    const { name } = this.#pool.project
    report.add({
      files,
      setupUs: start?.setupUs ?? null,
      end,
      degraded,
      ...(name === '' ? {} : { project: name }),
    })
  }
}
