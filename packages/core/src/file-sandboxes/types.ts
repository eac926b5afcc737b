import type { IsolateOptions } from '../isolate/types.ts'

/** A file that the test wrote and that `fs.keep` asks for. */
export interface WrittenFile {
  /** Absolute path inside, the same as outside. */
  readonly path: string
  readonly content: Buffer
  /** Permission bits. */
  readonly mode: number
}

/** Globs relative to the project root. */
export interface KeepGlobs {
  readonly projectRoot: string
  readonly globs: readonly string[]
}

/** What one test file of a re-used worker asks for. */
export interface FileSandboxRequest {
  /** Options of this file that differ from those that the worker was started with. */
  readonly options?: IsolateOptions
  /** Files to hand over at the end. */
  readonly keep?: KeepGlobs
}

/** How a test file of a re-used worker ended. */
export interface FileSandboxEnd {
  /** Processes that the file left running. */
  readonly endedProcesses: number
  /** Attempts to leave the network namespace; `null` where it has none of its own. */
  readonly noRoute: { readonly ipv4: number; readonly ipv6: number } | null
  readonly kept: readonly WrittenFile[]
  /** Microseconds that `begin` took. */
  readonly setupUs: number
}

/**
 * The sandboxes of a worker that runs several test files one after the other. Every call is synchronous, because
 * Jest's environment constructor is.
 */
export interface FileSandboxes {
  /**
   * Puts every thread of this process into a fresh sandbox: files as at the worker's start, a new network. Where nobody has
   * changed or used those of the file before, these are as good.
   */
  begin(request?: FileSandboxRequest): void
  /** Ends every `isolate()` of the file; those that wait and those that come until the next file begins are refused. */
  close(): void
  /**
   * Ends the processes that began since. The process stays in the sandbox, and what is changed in it is thrown away by the
   * next `begin`: a late timer of the file reaches neither the host nor the next file.
   */
  end(): FileSandboxEnd
}
