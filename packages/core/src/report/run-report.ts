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

  report(): RunReport {
    return {
      sandboxes: [...this.#sandboxes],
      isolations: [...this.#isolations],
      degrees: [...this.#degrees.values()],
      fallbacks: [...this.#fallbacks],
      notes: [...this.#notes],
    }
  }
}
