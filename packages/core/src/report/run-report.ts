import type { Degree } from '../plan/types.ts'
import type { FallbackRecord, RunReport, SandboxRecord } from './types.ts'

/** Collects what a run isolated. */
export class RunReportCollector {
  add(_sandbox: SandboxRecord): void {}
  /** The same degree counts once. */
  addDegrees(_degrees: readonly Degree[]): void {}
  addFallback(_fallback: FallbackRecord): void {}
  addNote(_note: string): void {}
  report(): RunReport {
    return { sandboxes: [], degrees: [], fallbacks: [], notes: [] }
  }
}
