import type { NetnsError } from '../errors/netns-error.ts'
import type { IsolateEnd } from '../isolate/types.ts'
import type { DegradedEvent, KeptFile, SandboxEnd } from '../launcher/types.ts'
import type { Degree } from '../plan/types.ts'

/** One sandbox of a run: a test file, or a worker where files share one. */
export interface SandboxRecord {
  /** Files that ran in it, relative to the project root. */
  readonly files: readonly string[]
  readonly project?: string
  /** `null` where the sandbox could not be made. */
  readonly setupUs: number | null
  readonly end: SandboxEnd | null
  readonly degraded: readonly DegradedEvent[]
}

/** One `isolate()` of a run. */
export interface IsolationRecord extends Omit<IsolateEnd, 'kept'> {
  readonly files: readonly string[]
  readonly kept: readonly KeptFile[]
  readonly keepFailures: readonly NetnsError[]
}

/** A file that ran without a sandbox because of `fallback: 'warn'`. */
export interface FallbackRecord {
  readonly file: string
  /** Code and title of the error. */
  readonly reason: string
}

/** What a run isolated, as data. */
export interface RunReport {
  readonly sandboxes: readonly SandboxRecord[]
  readonly isolations: readonly IsolationRecord[]
  readonly degrees: readonly Degree[]
  readonly fallbacks: readonly FallbackRecord[]
  /** Sentences about the whole run, such as that `isolate: false` gave a sandbox per worker. */
  readonly notes: readonly string[]
}
