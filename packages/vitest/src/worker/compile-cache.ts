import { subscribe } from 'node:diagnostics_channel'
import { statSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { isFresh } from '../modules/fresh.ts'

/** What Node publishes when `import()` is called, before it resolves anything. */
interface DynamicImport {
  readonly parentURL?: unknown
  readonly url?: unknown
}

/**
 * Writes what this worker compiled to the cache that all workers share, but no module that was written inside: it
 * would stay there, with its text, and under names that never come again nobody would need it. Node cannot leave one
 * module out, so the cache is written before the first of them is imported, and not again.
 */
export class CompileCacheWriter {
  readonly #startedMs: number
  readonly #flush = module.flushCompileCache?.bind(module)
  #closed = false

  constructor(startedMs: number) {
    this.#startedMs = startedMs
    if (module.getCompileCacheDir?.() === undefined) return
    // Vitest 5 calls it too, when it stops the worker.
    module.flushCompileCache = () => this.flush()
    subscribe('tracing:module.import:start', (message) =>
      this.#beforeImport(message as DynamicImport),
    )
  }

  flush(): void {
    if (!this.#closed && !this.#hasRequiredFresh()) this.#flush?.()
  }

  /** For the last time: to look for fresh modules takes a good part of what is between two files. */
  finish(): void {
    this.flush()
    this.#closed = true
  }

  #beforeImport({ url, parentURL }: DynamicImport): void {
    if (this.#closed) return
    const path = importedPath(String(url), String(parentURL))
    if (path === null || !isFreshFile(path, this.#startedMs)) return
    this.flush()
    this.#closed = true
  }

  /** `require` gives no file names ahead. */
  #hasRequiredFresh(): boolean {
    const { cache } = createRequire(import.meta.url)
    return Object.keys(cache).some((path) => isFreshFile(path, this.#startedMs))
  }
}

/** Only a path can name a file outside packages. */
function importedPath(specifier: string, parent: string): string | null {
  if (!/^(?:\.{0,2}\/|file:)/.test(specifier)) return null
  try {
    return fileURLToPath(new URL(specifier, parent))
  } catch {
    return null
  }
}

function isFreshFile(path: string, startedMs: number): boolean {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats !== undefined && isFresh(stats, startedMs)
}
