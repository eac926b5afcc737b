import type { ChildProcess } from 'node:child_process'
import type { WrittenFile } from '../file-sandboxes/types.ts'
import type { Leak } from '../handles/types.ts'
import type { FsOptions, NetOptions } from '../options/types.ts'
import type { Change } from './changes.ts'
import type { ChildOptions, RunOptions, RunResult } from './children.ts'
import type { OpenFile } from './open-files.ts'

/** What of the file system {@link IsolateOptions} can change; paths as in the config. */
export type IsolateFsOptions = Pick<
  FsOptions,
  'mode' | 'readonly' | 'writable' | 'hide' | 'private' | 'bind' | 'tmpSizeBytes'
>

/** Options of the config that need no process start, and those of `isolate()` alone. */
export interface IsolateOptions {
  fs?: IsolateFsOptions
  /**
   * `'inherit'`: the network that the caller has, so that a server started in `beforeAll` stays reachable.
   * `'loopback'`: a fresh one. `'none'`: one without any interface that is up.
   * @default 'loopback'
   */
  net?:
    | 'inherit'
    | 'loopback'
    | 'none'
    | { mode?: 'loopback' | 'none'; services?: NetOptions['services'] }
  /** `{ name: address }`, added to `/etc/hosts`. @default {} */
  hosts?: Record<string, string>
  /**
   * What happens where a file is open for writing: such a descriptor goes on writing to the state before.
   * @default 'warn'
   */
  onOpenFiles?: 'warn' | 'error'
  /** What a second `isolate()` does while one is active elsewhere in the process. @default 'queue' */
  concurrency?: 'queue' | 'error'
}

/** A state of the file system that a sandbox can go back to. */
export interface Checkpoint {
  readonly id: string
}

/** How an `isolate()` ended. */
export interface IsolateEnd {
  /** The test that called it, where the runner tells. */
  readonly owner: string | null
  /** Processes that began inside and were ended. */
  readonly endedProcesses: number
  /** Servers, sockets, timers and the like that were left open, and were closed. */
  readonly leaks: readonly Leak[]
  /** Files that were open for writing when it began: these descriptors went on writing to the state before. */
  readonly openFiles: readonly OpenFile[]
  /** Attempts to leave the network; `null` where it was the caller's. */
  readonly noRoute: { readonly ipv4: number; readonly ipv6: number } | null
  /** Milliseconds that entering took. */
  readonly enterMs: number
  /** What `fs.keep` takes out, where this was the outermost one. */
  readonly kept: readonly WrittenFile[]
}

/** The files, the network and the processes of one `isolate()`, until it is disposed. */
export interface IsolatedSandbox extends AsyncDisposable {
  /** A fresh, empty directory below the temporary directory; absolute. */
  readonly dir: string
  /** A free port of 127.0.0.1. */
  port(): Promise<number>
  /** What was created, modified and deleted since `isolate()` began, ordered by path. */
  changes(): Promise<Change[]>
  /** Freezes the present state, however much was written. @throws NetnsError `NETNS_LAYER_LIMIT` */
  checkpoint(): Promise<Checkpoint>
  /** Goes back to a state that {@link checkpoint} froze. Processes keep running. */
  restore(checkpoint: Checkpoint): Promise<void>
  /** Runs a program to its end. A failing one rejects nothing: the result says how it ended. */
  run(command: string, args?: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Starts a program, which ends with the sandbox. */
  spawn(command: string, args?: readonly string[], options?: ChildOptions): ChildProcess
  /** Ends it. A second call gives the same. */
  dispose(): Promise<IsolateEnd>
}
