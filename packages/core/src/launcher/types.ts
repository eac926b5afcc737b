import type { ChildProcess } from 'node:child_process'
import type { NetnsError } from '../errors/netns-error.ts'
import type { Leak } from '../handles/types.ts'
import type { SandboxPlan } from '../plan/types.ts'

/** Which files the launcher writes back after the worker's end. */
export interface KeepRequest {
  readonly projectRoot: string
  /** Globs relative to `projectRoot`. */
  readonly globs: readonly string[]
}

export interface LaunchRequest {
  readonly plan: SandboxPlan
  /** Path of the executable inside. */
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Opens Node's IPC channel with `advanced` serialization. @default false */
  readonly ipc?: boolean
  /** Standard input, output and error. @default 'pipe' for each */
  readonly stdio?: readonly [
    'pipe' | 'ignore' | 'inherit',
    'pipe' | 'ignore' | 'inherit',
    'pipe' | 'ignore' | 'inherit',
  ]
  /** What to write back; a function is asked when the command has ended. */
  readonly keep?: KeepRequest | (() => KeepRequest | null)
}

/** A step that the launcher could do only in part. */
export interface DegradedEvent {
  readonly stage: string
  readonly path: string
  /** The errno's name. */
  readonly errno: string
  readonly message: string
}

export interface KeptFile {
  /** Absolute path on the host. */
  readonly path: string
  readonly sizeBytes: number
}

/** How a sandbox ended, and what was found then. */
export interface SandboxEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** Attempts to reach an address that had no route, counted by the kernel; `null` where there was no count. */
  readonly noRoute: { readonly ipv4: number; readonly ipv6: number } | null
  /** Processes that the worker left behind and PID 1 ended. */
  readonly leftProcesses: number
  readonly maxRssKiB: number | null
  readonly kept: readonly KeptFile[]
  readonly keepFailures: readonly NetnsError[]
  /** What JavaScript left open and a re-used worker closed. */
  readonly leaks?: readonly Leak[]
}

export interface SandboxStart {
  readonly hostPid: number
  /** From the launcher's start to the worker's exec, in microseconds. */
  readonly setupUs: number
}

/** A running sandbox. */
export interface Sandbox {
  /** The launcher on the host; it ends as the worker ended. Its IPC channel is the worker's. */
  readonly process: ChildProcess
  /** Rejects with a NetnsError where the sandbox could not be made. */
  readonly started: Promise<SandboxStart>
  /** Settles after write-back. Rejects as `started` does. */
  readonly ended: Promise<SandboxEnd>
  /** Grows until `started` settles. */
  readonly degraded: readonly DegradedEvent[]
  /** Ends the worker (SIGTERM, then SIGKILL) and waits until nothing is left. Safe to call twice. */
  dispose(): Promise<void>
}
