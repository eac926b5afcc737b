import { answer } from '../channel/host-channel.ts'
import {
  isOurs,
  type CallMessage,
  type FileMessage,
  type IsolatedMessage,
  type ReplyMessage,
  type UnfitMessage,
} from '../channel/protocol.ts'
import type { WorkerRequest } from 'vitest/node'
import type { WorkerCalls } from './host-calls.ts'
import type { WorkerProcess } from './worker-process.ts'

/** How long a failed write waits for the exit that explains it. */
const PIPE_ERROR_GRACE_MS = 1000

export interface LinkEvents {
  message(message: unknown): void
  file(message: FileMessage): void
  isolated(message: IsolatedMessage): void
  unfit(message: UnfitMessage): void
  exit(code: number | null, signal: NodeJS.Signals | null): void
  error(error: unknown): void
}

/** Connects a worker process with what hears of it, until it is detached. */
export class WorkerLink {
  readonly #worker: WorkerProcess
  readonly #calls: WorkerCalls
  readonly #events: LinkEvents
  #isAttached = true

  constructor(worker: WorkerProcess, calls: WorkerCalls, events: LinkEvents) {
    this.#worker = worker
    this.#calls = calls
    this.#events = events
    worker.child.on('message', this.#receive).on('error', this.#failed).once('exit', this.#exited)
  }

  send(message: WorkerRequest | ReplyMessage): void {
    // Without a callback a write to a dying worker would be an `error` of the process, like a failed spawn.
    this.#worker.child.send(message, (error) => error && this.#failed(error))
  }

  detach(): void {
    this.#isAttached = false
    const { child } = this.#worker
    // `error` without a listener would end the runner: a late one has that of the worker's process.
    child.off('message', this.#receive).off('error', this.#failed).off('exit', this.#exited)
  }

  readonly #receive = (message: unknown): void => {
    if (!isOurs(message)) this.#events.message(message)
    else if (message.netns === 'call') void this.#answer(message)
    else if (message.netns === 'file') this.#events.file(message)
    else if (message.netns === 'isolated') this.#events.isolated(message)
    else if (message.netns === 'unfit') this.#events.unfit(message)
  }

  async #answer(message: CallMessage): Promise<void> {
    this.send(await answer(this.#calls, message))
  }

  /** The launcher's own exit is no exit of the worker where there was no sandbox. */
  readonly #exited = async (code: number | null, signal: NodeJS.Signals | null): Promise<void> => {
    try {
      await this.#worker.started
      await this.#worker.ended
      this.#events.exit(code, signal)
    } catch (error) {
      this.#events.error(error)
    }
  }

  /** A write to a dying worker fails before its exit is seen; the exit says more. */
  readonly #failed = (error: NodeJS.ErrnoException): void => {
    if (!this.#isAttached) return
    if (error.code !== 'EPIPE' && error.code !== 'ERR_IPC_CHANNEL_CLOSED') {
      this.#events.error(error)
      return
    }
    setTimeout(() => {
      const { exitCode, signalCode } = this.#worker.child
      if (exitCode === null && signalCode === null && this.#isAttached) this.#events.error(error)
    }, PIPE_ERROR_GRACE_MS).unref()
  }
}
