import { EventEmitter, once } from 'node:events'
import { NetnsError } from '../errors/netns-error.ts'

/** Lets one in at a time. */
export class Turnstile {
  #tail: Promise<unknown> = Promise.resolve()
  #inside = 0

  /**
   * Waits until nobody is inside. Gives what lets the next one in.
   *
   * @param holder says who is inside, for the error
   * @throws NetnsError `NETNS_ISOLATE_BUSY` instead of waiting, where `concurrency` says so
   */
  async enter(concurrency: 'queue' | 'error', holder: () => string): Promise<() => void> {
    if (concurrency === 'error' && this.#inside > 0)
      throw new NetnsError('NETNS_ISOLATE_BUSY', { detail: holder() })
    const before = this.#tail
    const left = new EventEmitter()
    this.#tail = once(left, 'left')
    this.#inside++
    await before
    return () => {
      this.#inside--
      left.emit('left')
    }
  }
}
