import type { FileSandboxEnd, IsolateEnd, IsolateOptions, Leak } from '@netns/core/worker'

/** A module file as the sandbox has it. */
export interface InsideModule {
  /** Absolute path and query: the module's id in Vite's graph. */
  readonly id: string
  readonly file: string
  readonly content: string
  /** The id as Vite writes it into imports: relative to the root, or below `/@fs`. */
  readonly url: string
  /** The Vite environment of the test file. */
  readonly environment: string
  /** Also where the host's file is the same: its imports are not. */
  readonly always: boolean
  /** Node could import it without a transform. */
  readonly native: boolean
}

/** What Vitest's module runner takes from a fetch. */
export type FetchResult =
  | { readonly cache: true }
  | { readonly externalize: string; readonly type: string }
  | {
      readonly code: string
      readonly file: string | null
      readonly id: string
      readonly url: string
      readonly invalidate: boolean
      readonly sourceMap?: string
      readonly moduleType?: string
    }

/** What the worker asks of the runner, beside Vitest's own calls. Paths are absolute. */
export interface HostCalls {
  /** `null`: the host's file has the same content, so Vite's answer holds. */
  loadModule(module: InsideModule): Promise<FetchResult | null>
  fileExists(path: string): Promise<boolean>
  /** Makes a copy of a transformed module visible inside and returns its path there. */
  showModuleCopy(hostPath: string): Promise<string>
  saveSnapshot(snapshot: { readonly path: string; readonly content: Uint8Array }): Promise<void>
  removeSnapshot(path: string): Promise<void>
  prepareDirectory(path: string): Promise<void>
  /** Returns a path on the host where the content lies. */
  stageAttachment(attachment: {
    readonly path: string
    readonly content: Uint8Array
  }): Promise<string>
}

export type HostCall = keyof HostCalls

export interface CallMessage {
  readonly netns: 'call'
  readonly id: number
  readonly name: HostCall
  readonly argument: unknown
}

export interface ReplyMessage {
  readonly netns: 'reply'
  readonly id: number
  readonly value?: unknown
  readonly error?: unknown
}

/** A file of a worker that runs several has ended. */
export interface FileMessage {
  readonly netns: 'file'
  /** Absolute paths. */
  readonly files: readonly string[]
  readonly end: FileSandboxEnd
  readonly leaks: readonly Leak[]
  /** Why this process must not run another file. */
  readonly unfit: string | null
  /** Vitest's answer to `stop`, where the file was the only one that Vitest gave the worker. */
  readonly stopped?: unknown
}

/** An `isolate()` of a worker has ended. */
export interface IsolatedMessage {
  readonly netns: 'isolated'
  readonly end: IsolateEnd
}

/** There is no sandbox for the next file in this process. */
export interface UnfitMessage {
  readonly netns: 'unfit'
  readonly reason: string
}

export type WorkerMessage = CallMessage | FileMessage | UnfitMessage | IsolatedMessage

/** One of our messages on the channel that Vitest's own messages use. */
export function isOurs(message: unknown): message is WorkerMessage | ReplyMessage {
  return typeof message === 'object' && message !== null && 'netns' in message
}

/** How the runner tells the worker's entry what it needs before the first message: JSON in this variable. */
export const WORKER_VARIABLE = 'NETNS_WORKER'

/** The content of {@link WORKER_VARIABLE}. */
export interface WorkerSetup {
  /** Path of `vitest/worker`. */
  readonly vitestWorker: string
  readonly vitestMajor: number
  /** False for `fallback: 'warn'`: the worker is a plain process of the host. */
  readonly sandboxed: boolean
  /** What paths in the options of `isolate()` are relative to. */
  readonly projectRoot: string
  /** `net: 'host'`: there is no network of its own. */
  readonly sharesNetwork: boolean
  /** It has a profiler, whose file Node writes at an exit that no signal cuts short: the worker ends by itself. */
  readonly endsItself: boolean
  /** Options of an `isolate()` around every test. */
  readonly perTest: IsolateOptions | null
  /** The environment of Vitest that runs, and its options. */
  readonly base: string
  readonly baseOptions: Readonly<Record<string, unknown>>
  /** Directory for `module.enableCompileCache`. */
  readonly compileCache: string | null
  /**
   * Which files the process runs: one; several, each in a fresh state; or several that share modules, because the user
   * said `isolate: false`.
   */
  readonly files: 'one' | 'fresh' | 'shared'
  /** What the end of each file hands over, where it runs several. */
  readonly keep: { readonly projectRoot: string; readonly globs: readonly string[] } | null
  /** Directories with transformed modules, and where they are inside. */
  readonly moduleCopies: readonly { readonly outside: string; readonly inside: string }[]
}
