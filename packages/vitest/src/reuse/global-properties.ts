import type { ProcessPart } from './part.ts'
import { Properties } from './properties.ts'

/**
 * Properties of the global object. They are read before Vitest's environment adds those of its own, which it takes away
 * again; what Vitest adds once for the life of the process, between {@link environmentIsUp} and the first file, stays.
 */
export class GlobalProperties implements ProcessPart {
  readonly #properties = new Properties(globalThis, isOfFile)
  #withEnvironment = this.#properties.read()

  environmentIsUp(): void {
    this.#withEnvironment = this.#properties.read()
  }

  firstFileBegins(): void {
    this.#properties.keepChangesSince(this.#withEnvironment)
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
  if (typeof key === 'string') return key.startsWith('__vitest_')
  return typeof key === 'symbol' && Boolean(key.description?.startsWith('undici.globalDispatcher'))
}
