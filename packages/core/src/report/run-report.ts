import type { Degree } from '../plan/types.ts'
import { degreeOf } from './degree-of.ts'
import type { FallbackRecord, IsolationRecord, RunReport, SandboxRecord } from './types.ts'

/** Collects what a run isolated. */
export class RunReportCollector {
  readonly #sandboxes: SandboxRecord[] = []
  readonly #isolations: IsolationRecord[] = []
  readonly #degrees = new Map<string, Degree>()
  readonly #fallbacks: FallbackRecord[] = []
  readonly #notes = new Set<string>()
  /** How many workers were not used again, by reason. */
  readonly #unfit = new Map<string, number>()

  /** Takes the sandbox's own degrees too. */
  add(sandbox: SandboxRecord): void {
    this.#sandboxes.push(sandbox)
    this.addDegrees(sandbox.degraded.map(degreeOf))
  }

  addIsolation(isolation: IsolationRecord): void {
    this.#isolations.push(isolation)
  }

  /** The same degree counts once. */
  addDegrees(degrees: readonly Degree[]): void {
    for (const degree of degrees) this.#degrees.set(degree.message, degree)
  }

  addFallback(fallback: FallbackRecord): void {
    this.#fallbacks.push(fallback)
  }

  /** The same note counts once. */
  addNote(note: string): void {
    this.#notes.add(note)
  }

  /** A worker that was to run another file cannot. */
  addUnfitWorker(reason: string): void {
    this.#unfit.set(reason, (this.#unfit.get(reason) ?? 0) + 1)
  }

  report(): RunReport {
    const unfit = [...this.#unfit].map(
      ([reason, count]) =>
        `${count} ${count === 1 ? 'worker was' : 'workers were'} not re-used: ${reason}`,
    )
    return {
      sandboxes: [...this.#sandboxes],
      isolations: [...this.#isolations],
      degrees: [...this.#degrees.values()],
      fallbacks: [...this.#fallbacks],
      notes: [...this.#notes, ...unfit],
    }
  }
}
