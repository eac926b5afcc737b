import type { NetnsError } from '../errors/netns-error.ts'
import type { Degree } from '../plan/types.ts'

/** One effect that a sandbox needs. */
export interface ProbeCheck {
  readonly name: string
  readonly ok: boolean
  readonly error?: NetnsError
}

export interface ProbeReport {
  /** A default sandbox can be made here. */
  readonly ok: boolean
  readonly checks: readonly ProbeCheck[]
  /** What works only in part. */
  readonly degrees: readonly Degree[]
}
