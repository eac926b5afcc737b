import type { NetnsError } from '../errors/netns-error.ts'
import type { HostFacts } from '../host/types.ts'
import type { Degree, SandboxContext } from '../plan/types.ts'

/** What {@link probe} takes where the caller knows better than the current process. */
export interface ProbeRequest {
  readonly host?: HostFacts
  readonly context?: SandboxContext
}

/** One effect that a sandbox needs. */
export interface ProbeCheck {
  readonly name: string
  readonly ok: boolean
  readonly error?: NetnsError
}

export interface ProbeReport {
  /** A default sandbox can be made here. */
  readonly ok: boolean
  /** One where all is well, else one per effect. */
  readonly checks: readonly ProbeCheck[]
  /** What works only in part. */
  readonly degrees: readonly Degree[]
}
