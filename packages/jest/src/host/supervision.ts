import type { ChildProcess } from 'node:child_process'
import {
  supervise,
  type DegradedEvent,
  type Sandbox,
  type SandboxEnd,
  type SuperviseRequest,
} from '@netns/core/runner'

const KEEP_TIMEOUT_MS = 30_000

/** How a worker process and its sandbox ended. */
export interface ProcessEnd {
  readonly setupUs: number | null
  readonly end: SandboxEnd | null
  readonly degraded: readonly DegradedEvent[]
}

/** The sandboxes of a run's worker processes. */
export class Supervision {
  readonly #sandboxes = new Map<number, Promise<ProcessEnd>>()
  #fail: (error: unknown) => void = () => {}
  /** Rejects where a sandbox could not be made. Never resolves. */
  readonly failed: Promise<never>

  constructor() {
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {}) // whoever waits for it hears of it
  }

  attend(number: number, child: ChildProcess, request: SuperviseRequest): void {
    const sandbox = supervise(child, request)
    if (request.keep) surviveKill(child)
    sandbox.started.catch((error: unknown) => {
      // One that jest-worker ended while it started, because there was nothing left to do, is no failure.
      if (!child.killed) this.#fail(error)
    })
    this.#sandboxes.set(number, endOf(sandbox))
  }

  /** Settles when the process has ended and its files are written. */
  async ended(number: number | undefined): Promise<ProcessEnd | null> {
    return (number === undefined ? undefined : await this.#sandboxes.get(number)) ?? null
  }

  async allEnded(): Promise<readonly ProcessEnd[]> {
    return Promise.all(this.#sandboxes.values())
  }
}

async function endOf({ started, ended, degraded }: Sandbox): Promise<ProcessEnd> {
  const start = await started.catch(() => null)
  const end = await ended.catch(() => null)
  return { setupUs: start?.setupUs ?? null, end, degraded }
}

/** jest-worker sends SIGKILL 500 ms after SIGTERM; by then the worker has ended, but not the writing back of its files. */
function surviveKill(child: ChildProcess): void {
  const kill = child.kill.bind(child)
  let isAsked = false
  child.kill = (signal) => {
    if (isAsked && signal === 'SIGKILL') return true
    isAsked = true
    setTimeout(() => kill('SIGKILL'), KEEP_TIMEOUT_MS).unref()
    return kill(signal)
  }
}
