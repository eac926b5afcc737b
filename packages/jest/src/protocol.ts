import type { FileSandboxEnd, IsolateEnd, KeepGlobs, Leak } from '@netns/core/worker'

/** The event under which Jest's runner passes on what our environment sends. */
export const NETNS_EVENT = 'netns'

/** A file that a test wrote and `fs.keep` asks for; Jest's channel carries JSON. */
export interface EncodedFile {
  readonly path: string
  readonly mode: number
  readonly base64: string
}

/** Names a test file in the messages: several projects may have the same one. */
export function fileKey({ id }: { readonly id: string }, testPath: string): string {
  return `${id} ${testPath}`
}

/** What the environment tells the runner of a file, by its key. Paths are absolute. */
export type WorkerMessage =
  | {
      readonly kind: 'began'
      readonly file: string
      /** Number of the process; 0 where it is no sandbox. */
      readonly sandbox: number
      /** The process ends with the file. */
      readonly alone: boolean
      /** What the file itself hands over when it ends. */
      readonly keep: KeepGlobs | null
    }
  | {
      /** The process cannot come into the file's sandbox, and ends. */
      readonly kind: 'unfit'
      readonly file: string
      readonly sandbox: number
      readonly reason: string
    }
  | {
      readonly kind: 'snapshot'
      readonly file: string
      readonly path: string
      readonly content: string
    }
  | {
      readonly kind: 'isolated'
      readonly file: string
      readonly projectRoot: string
      readonly end: Omit<IsolateEnd, 'kept'> & { readonly kept: readonly EncodedFile[] }
    }
  | {
      readonly kind: 'ended'
      readonly file: string
      readonly end: Omit<FileSandboxEnd, 'kept'> & { readonly kept: readonly EncodedFile[] }
      readonly leaks: readonly Leak[]
      readonly projectRoot: string
      /** Why this process must not run another file. */
      readonly unfit: string | null
    }

/** How the runner tells the environment what it needs before the first message: JSON in this variable. */
export const WORKER_VARIABLE = 'NETNS_JEST_WORKER'

/** The content of {@link WORKER_VARIABLE}. */
export interface WorkerSetup {
  /** Number of this process in the run. */
  readonly sandbox: number
  /** False for `fallback: 'warn'`: the worker is a plain process of the host. */
  readonly sandboxed: boolean
  /** The process goes on to the next file. */
  readonly reuse: boolean
  /** Relative paths of options are relative to it. */
  readonly projectRoot: string
  /** The network namespace is the host's. */
  readonly sharesNetwork: boolean
  /** The options that the worker was started with, as written. */
  readonly written: Readonly<Record<string, unknown>>
  /** Path of the user's jest-runner. */
  readonly jestRunner: string
  /** The compile cache is not the user's: tests see no variable. */
  readonly hidesCompileCache: boolean
}
