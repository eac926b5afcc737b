import { availableParallelism } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import type { TestProject, TestSpecification } from 'vitest/node'
import { POOL_NAME } from '../names.ts'
import type { WorkerProcess } from './worker-process.ts'

/** What a worker was started with: a file can take any worker that was started with the same. */
export type Recipe = readonly unknown[]

/**
 * Keeps one worker ahead: it boots while the file before it runs. Most of a short file's time is Node's start, and
 * there is one only where a core is free for it. Its sandbox is as fresh as any: nothing but the worker's own start
 * has happened in it.
 */
export class WarmWorkers {
  readonly #expected = new Map<TestProject, number>()
  readonly #busy = new Set<WorkerProcess>()
  #warm: { readonly recipe: Recipe; readonly worker: WorkerProcess } | undefined

  /** Tells how many files are to come. Projects that share workers between files need none ahead. */
  expect(specifications: readonly TestSpecification[]): void {
    this.#expected.clear()
    for (const { project, pool } of specifications) {
      if (pool !== POOL_NAME || !project.config.isolate || project.config.inspector.enabled)
        continue
      this.#expected.set(project, (this.#expected.get(project) ?? 0) + 1)
    }
  }

  /** The worker for the next file of the project: the one that is ahead, or a new one. */
  take(project: TestProject, recipe: Recipe, start: () => WorkerProcess): WorkerProcess {
    this.#expected.set(project, (this.#expected.get(project) ?? 0) - 1)
    const worker = this.#takeWarm(recipe) ?? start()
    this.#busy.add(worker)
    worker.child.once('exit', () => this.release(worker))
    return worker
  }

  /** The worker has no more to do. */
  release(worker: WorkerProcess): void {
    this.#busy.delete(worker)
  }

  /** Starts a worker ahead for the file after this one, if there is one to come. */
  prepare(project: TestProject, recipe: Recipe, start: () => WorkerProcess): void {
    const wanted = (this.#expected.get(project) ?? 0) > 0
    if (this.#warm || !wanted || this.#busy.size >= availableParallelism()) return
    const worker = start()
    this.#warm = { recipe, worker }
    // Whoever takes it hears of it again.
    worker.child.on('error', () => {})
    worker.child.once('exit', () => {
      if (this.#warm?.worker === worker) this.#warm = undefined
    })
  }

  /** Ends the worker that no file took. */
  async dispose(): Promise<void> {
    const warm = this.#warm
    this.#warm = undefined
    await warm?.worker.discard()
  }

  #takeWarm(recipe: Recipe): WorkerProcess | undefined {
    if (!this.#warm || !isDeepStrictEqual(this.#warm.recipe, recipe)) return undefined
    const { worker } = this.#warm
    this.#warm = undefined
    return worker
  }
}
