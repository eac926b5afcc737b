import { isDeepStrictEqual } from 'node:util'
import type { WorkerOutput } from './output.ts'
import type { Recipe } from './warm-workers.ts'
import { endProcess, type WorkerProcess } from './worker-process.ts'

/** A process that runs one file after the other. */
export interface ReusedProcess {
  readonly recipe: Recipe
  readonly worker: WorkerProcess
  readonly output: WorkerOutput
  /** Files that have ended in it. */
  files: number
}

interface Returning {
  readonly process: ReusedProcess
  claim?: (process: ReusedProcess | null) => void
}

/**
 * Where worker processes wait between two files. Vitest asks for the worker of the next file before the one before it has
 * stopped, so a process can be taken while it is on its way back.
 */
export class Shelf {
  readonly #idle: ReusedProcess[] = []
  readonly #returning = new Set<Returning>()
  readonly #watched = new WeakSet<ReusedProcess>()
  #capacity = 0

  /** For one test run. */
  open(capacity: number): void {
    this.#capacity = capacity
  }

  /** A process with that recipe, once it is free; `null` where none is, or is coming. */
  async take(recipe: Recipe): Promise<ReusedProcess | null> {
    const index = this.#idle.findIndex((one) => isDeepStrictEqual(one.recipe, recipe))
    const [idle] = index === -1 ? [] : this.#idle.splice(index, 1)
    if (idle) return idle
    const coming = [...this.#returning].find(
      ({ process, claim }) => !claim && isDeepStrictEqual(process.recipe, recipe),
    )
    if (!coming) return null
    return new Promise((resolve) => {
      coming.claim = resolve
    })
  }

  /**
   * Says that the process will be free soon.
   *
   * @returns to be called once, with whether it may run another file; it is ended where nobody can use it
   */
  announce(process: ReusedProcess): (isFit: boolean) => void {
    const returning: Returning = { process }
    this.#returning.add(returning)
    return (isFit) => {
      if (!this.#returning.delete(returning)) return
      if (returning.claim) returning.claim(isFit ? process : null)
      else if (isFit) this.#putBack(process)
    }
  }

  /** Ends the processes that wait, and those that come back later. */
  async dispose(): Promise<void> {
    this.#capacity = 0
    await Promise.all(this.#idle.splice(0).map(endReused))
  }

  #putBack(process: ReusedProcess): void {
    this.#idle.push(process)
    this.#watch(process)
    // The oldest has waited because its recipe is not asked for.
    if (this.#idle.length > this.#capacity) void this.#idle.splice(0, 1).map(endReused)
  }

  /** A process may end while it waits. */
  #watch(process: ReusedProcess): void {
    if (this.#watched.has(process)) return
    this.#watched.add(process)
    process.worker.child.once('exit', () => {
      const index = this.#idle.indexOf(process)
      if (index !== -1) this.#idle.splice(index, 1)
    })
  }
}

export async function endReused({ worker, output }: ReusedProcess): Promise<void> {
  await endProcess(worker)
  await output.finish()
}
