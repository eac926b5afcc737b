import type { IsolateOptions } from '../isolate/types.ts'

/** What a test file may see and change of the file system. All paths: absolute, relative to the project, or starting with `~/`. */
export interface FsOptions {
  /**
   * `'overlay'`: every path is copy-on-write. `'readonly'`: writes fail with EROFS, except in the private
   * directories and below {@link FsOptions.writable}.
   * @default 'overlay'
   */
  mode?: 'overlay' | 'readonly'
  /** Paths where a write fails with EROFS, including mounts below them. @default [] */
  readonly?: string[]
  /** Directories that are copy-on-write even below a read-only one; made where they are missing. @default [] */
  writable?: string[]
  /** Paths that do not exist inside. A path that is missing outside is no mistake. @default [] */
  hide?: string[]
  /** Directories that are fresh and empty inside; made where they are missing. @default [] */
  private?: string[]
  /** Directories copied into memory instead of overlaid, so that renames of their directories never fail with EXDEV. @default [] */
  copy?: string[]
  /** `{ [pathInside]: pathOutside }`: written through to the host, not isolated. `pathOutside` must exist. @default {} */
  bind?: Record<string, string>
  /** Globs relative to the project. Files that the test wrote and that match are written back when it ends, however it ends. @default [] */
  keep?: string[]
  /** Size of each private directory in bytes; more gives ENOSPC. @default half of the memory */
  tmpSizeBytes?: number
}

/** Which network a test file has. */
export type NetMode = 'loopback' | 'none' | 'host'

export interface NetOptions {
  /**
   * `'loopback'`: only `lo`. `'none'`: no interface that is up. `'host'`: the network of the host, not isolated.
   * @default 'loopback'
   */
  mode?: NetMode
  /**
   * Loopback TCP ports of the host that answer inside at the same address. `'auto'`: those that opened between
   * the plugin's start and the first worker (what `globalSetup` started).
   * @default 'auto'
   */
  services?: 'auto' | number[]
}

export interface EnvOptions {
  /** Globs over names: the variables of the environment that the test sees. @default every variable */
  allow?: string[]
  /** Variables set inside. @default {} */
  set?: Record<string, string>
}

/** Limits of each process of a test file (`setrlimit`). */
export interface LimitOptions {
  /** RLIMIT_NOFILE. */
  openFiles?: number
  /** RLIMIT_NPROC, per user. The kernel ignores it for root, so it is refused there. */
  processes?: number
  /** RLIMIT_AS in bytes; at least 2 GiB, for Node does not start with less. */
  addressSpaceBytes?: number
  /** RLIMIT_CPU in seconds. */
  cpuSeconds?: number
}

/** The test runner that options are for. */
export type Framework = 'vitest' | 'jest'

/**
 * `test.environmentOptions.netns` of a Vitest config, `testEnvironmentOptions.netns` of a Jest config. A mistake throws {@link NetnsError} `NETNS_OPTIONS_INVALID`
 * that lists every mistake.
 */
export interface NetnsOptions {
  fs?: FsOptions
  /** @default 'loopback' */
  net?: NetMode | NetOptions
  /** What of the environment the test sees. @default 'inherit' */
  env?: 'inherit' | EnvOptions
  /** The host name inside. @default 'netns' */
  hostname?: string
  /** `{ name: address }`, added to `/etc/hosts` inside. @default {} */
  hosts?: Record<string, string>
  limits?: LimitOptions
  /** What happens where no sandbox can be made: fail the run, or run without isolation and say so. @default 'error' */
  fallback?: 'error' | 'warn'
  /** The environment that runs inside the sandbox. @default 'node' */
  base?: 'node' | 'jsdom' | 'happy-dom'
  /**
   * Vitest only. Whether a worker process runs several files one after the other. Each file still has a sandbox, modules
   * and process state of its own; native modules that Node has loaded stay loaded. With Vitest's `isolate: false` workers run several
   * files in any case.
   * @default false
   */
  reuse?: boolean
  /**
   * Jest only. `'file'`: workers go on to the next file, in a fresh sandbox. `'process'`: each file gets a new worker process
   * too, as Vitest does it.
   * @default 'file'
   */
  isolation?: 'file' | 'process'
  /**
   * Vitest only. Runs every test in an `isolate()` of its own, with its `beforeEach` and `afterEach` hooks: `true`, or the options
   * for it.
   * @default false
   */
  perTest?: boolean | IsolateOptions
}

/** {@link NetnsOptions} with every default applied. Paths are still as the user wrote them. */
export interface ResolvedOptions {
  readonly fs: {
    readonly mode: 'overlay' | 'readonly'
    readonly readonly: readonly string[]
    readonly writable: readonly string[]
    readonly hide: readonly string[]
    readonly private: readonly string[]
    readonly copy: readonly string[]
    readonly bind: Readonly<Record<string, string>>
    readonly keep: readonly string[]
    readonly tmpSizeBytes: number | null
  }
  readonly net: { readonly mode: NetMode; readonly services: 'auto' | readonly number[] }
  /** `allow: null` lets every variable pass. */
  readonly env: {
    readonly allow: readonly string[] | null
    readonly set: Readonly<Record<string, string>>
  }
  readonly hostname: string
  readonly hosts: Readonly<Record<string, string>>
  readonly limits: Readonly<LimitOptions>
  readonly fallback: 'error' | 'warn'
  readonly base: 'node' | 'jsdom' | 'happy-dom'
  /** Of Jest: `isolation` is not `'process'`. */
  readonly reuse: boolean
  /** `null`: tests of a file share its sandbox. */
  readonly perTest: IsolateOptions | null
}
