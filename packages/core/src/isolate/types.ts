import type { FsOptions, NetOptions } from '../options/types.ts'

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
  net?: 'inherit' | 'loopback' | 'none' | Pick<NetOptions, 'mode' | 'services'>
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
