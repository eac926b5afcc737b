import { isDispatcher } from '@netns/core/worker'
import type { ProcessPart } from './part.ts'
import { Properties, type Descriptors } from './properties.ts'

/** Node makes them when they are first looked at, and loads undici for it, which takes 25 ms and more. */
const ofUndici =
  'FormData Headers Request Response MessageEvent CloseEvent WebSocket EventSource'.split(' ')

/**
 * Properties of the global object. They are read before Vitest's environment adds those of its own, which it takes away
 * again; what Vitest adds once for the life of the process, between {@link environmentIsUp} and the first file, stays.
 */
export class GlobalProperties implements ProcessPart {
  #postponed: ReadonlySet<PropertyKey>
  readonly #properties: Properties
  #withEnvironment: Descriptors

  /** @param keepsNodes the environment leaves Node's own globals as they are */
  constructor(keepsNodes: boolean) {
    this.#postponed = new Set(keepsNodes ? ofUndici : [])
    this.#properties = new Properties(
      globalThis,
      (key) => isOfFile(key) || this.#postponed.has(key),
    )
    this.#withEnvironment = this.#properties.read()
  }

  environmentIsUp(): void {
    this.#withEnvironment = this.#properties.read()
  }

  firstFileBegins(): void {
    this.#properties.keepChangesSince(this.#withEnvironment)
  }

  /** Before code of a file runs, while there is nothing else to do. */
  readPostponed(): void {
    if (this.#postponed.size === 0) return
    const before = this.#properties.read()
    this.#postponed = new Set()
    this.#properties.keepChangesSince(before)
  }

  restore(): void {
    this.#properties.restore()
  }

  keepChanges(): () => void {
    const before = this.#properties.read()
    return () => this.#properties.keepChangesSince(before)
  }
}

/** What Vitest sets anew for each file, and what the scope of handles puts back. */
function isOfFile(key: PropertyKey): boolean {
  return typeof key === 'string' ? key.startsWith('__vitest_') : isDispatcher(key)
}
