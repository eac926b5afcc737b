import { trackHandles } from '@netns/core/worker'
import { builtIns } from './built-ins.ts'
import { environmentVariables } from './environment-variables.ts'
import { GlobalProperties } from './global-properties.ts'
import { processListeners } from './listeners.ts'
import { together, type ProcessPart } from './part.ts'
import { processValues } from './process-values.ts'
import { Properties } from './properties.ts'
import { requiredModules } from './required-modules.ts'
import { vitestState } from './vitest-state.ts'

/** What the process is when its first file begins, and is again when the next one does. */
export class ProcessState {
  readonly #globals: GlobalProperties
  #parts: Required<ProcessPart> | undefined
  readonly #imported = new Set<string>()

  /** @param environment name of the one that Vitest sets up for each file */
  constructor(environment: string) {
    this.#globals = new GlobalProperties(environment === 'node')
  }

  environmentIsUp(): void {
    if (!this.#parts) this.#globals.environmentIsUp()
  }

  /** Before the file's first code runs. Vitest has taken Node's own timers by then, which are not tracked. */
  fileBegins(): void {
    if (this.#parts) return
    trackHandles()
    this.#globals.firstFileBegins()
    this.#parts = together([
      vitestState(),
      processListeners(),
      ownProperties(process),
      environmentVariables(),
      processValues(),
      requiredModules(),
      builtIns(),
      this.#globals,
    ])
  }

  /** While the runner transforms the first module of a file. */
  runnerWorks(): void {
    this.#globals.readPostponed()
  }

  exit(): void {
    this.#parts?.exit()
  }

  restore(): void {
    this.#parts?.restore()
  }

  /**
   * Node loads a package once in the life of the process, so what the package does to the process then (polyfills, matchers
   * for `expect`, listeners) must stay for the files after this one.
   */
  async importPackage<Namespace>(id: string, load: () => Promise<Namespace>): Promise<Namespace> {
    if (this.#imported.has(id)) return load()
    this.#imported.add(id)
    const end = this.#parts?.keepChanges()
    try {
      return await load()
    } finally {
      end?.()
    }
  }
}

function ownProperties(object: object): ProcessPart {
  const properties = new Properties(object, (key) => isBookkeeping(key))
  return {
    restore: () => void properties.restore(),
    keepChanges() {
      const before = properties.read()
      return () => properties.keepChangesSince(before)
    },
  }
}

/** Of the emitter, and what other parts put back. */
function isBookkeeping(key: PropertyKey): boolean {
  return typeof key === 'string' && (key.startsWith('_') || ['exitCode', 'env'].includes(key))
}
