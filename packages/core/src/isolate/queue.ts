import { AsyncLocalStorage } from 'node:async_hooks'
import { NetnsError } from '../errors/netns-error.ts'
import { shared, type WorkerPlace } from '../control/worker-place.ts'
import type { ActiveSandbox } from './active-sandbox.ts'

/** Follows the code of one `isolate()`: what it calls knows which sandbox it is in. */
export interface Scope {
  active: ActiveSandbox | undefined
}

/** Who is in which sandbox. There is one file system for the process, so only nested ones can be active at once. */
export class IsolateQueue {
  readonly scopes = new AsyncLocalStorage<Scope>()
  /** The outermost first. */
  readonly active: ActiveSandbox[] = []
  #tail: Promise<unknown> = Promise.resolve()
  #waiting = 0

  static of(place: WorkerPlace): IsolateQueue {
    return shared(place, 'queue', () => new IsolateQueue())
  }

  /** The sandbox that the present code runs in. */
  enclosing(): ActiveSandbox | undefined {
    const { active } = this.scopes.getStore() ?? {}
    return active && this.active.includes(active) ? active : undefined
  }

  /** Waits until no other is active, or refuses. Gives what lets the next one in. */
  async take(concurrency: 'queue' | 'error'): Promise<() => void> {
    await this.#endLeftOver()
    if (concurrency === 'error' && this.#waiting > 0)
      throw new NetnsError('NETNS_ISOLATE_BUSY', { detail: this.#holder() })
    const before = this.#tail
    let next = (): void => {}
    this.#tail = new Promise<void>((resolve) => {
      next = resolve
    })
    this.#waiting++
    await before
    return () => {
      this.#waiting--
      next()
    }
  }

  /** A test that timed out never reaches the end of its scope. */
  async #endLeftOver(): Promise<void> {
    const [outermost] = this.active
    if (outermost?.owner?.isOver()) await outermost.dispose()
  }

  #holder(): string {
    const name = this.active[0]?.owner?.name
    return name === undefined ? 'it has not ended yet' : `it belongs to the test "${name}"`
  }
}
