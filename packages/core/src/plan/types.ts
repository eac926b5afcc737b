import type { Service } from '../services/types.ts'

type Flags = string
/** Octal text, such as `755`. */
type Mode = string
/** Decimal text, or `-` to leave it. */
type Id = string
/** Decimal text, or `-` for the kernel's default. */
type Size = string

/** One record of a plan. Destinations are relative to the launcher's store; `root` becomes the sandbox's `/`. */
export type Step =
  | readonly ['namespaces', ...names: string[]]
  | readonly ['store', size: Size]
  | readonly ['tmpfs', dest: string, mode: Mode, uid: Id, gid: Id, size: Size]
  | readonly ['mkdir', dest: string, mode: Mode, uid: Id, gid: Id]
  | readonly ['symlink', dest: string, target: string]
  | readonly ['file', dest: string, mode: Mode, uid: Id, gid: Id, content: string]
  | readonly ['whiteout', dest: string]
  | readonly ['lower', id: string, hostPath: string, flags?: Flags]
  | readonly ['overlay', dest: string, id: string, mode: Mode, uid: Id, gid: Id, flags: Flags]
  | readonly ['bind', dest: string, hostPath: string, flags: Flags]
  | readonly ['copy', dest: string, hostPath: string, maxBytes: Size, flags: Flags]
  | readonly ['readonly', dest: string, flags?: Flags]
  | readonly ['mask', dest: string]
  | readonly ['proc', dest: string]
  | readonly ['sysfs', dest: string]
  | readonly ['devpts', dest: string]
  | readonly ['mqueue', dest: string]
  | readonly ['cgroup2', dest: string]
  | readonly ['dev', dest: string, name: string]
  | readonly ['hostname', name: string]
  | readonly ['loopback', 'up', ...addresses: string[]]
  | readonly ['sysctl', path: string, value: string]
  | readonly ['rlimit', name: string, soft: string]
  | readonly ['listen', port: string, insideAddress: string, outsideAddress: string]
  | readonly ['publish', endpoint: string]
  | readonly ['pid', first: string]
  | readonly ['grace', milliseconds: string]
  | readonly ['hold']
  | readonly ['ahead']
  | readonly ['chdir', path: string]
  | readonly ['capability', ...names: string[]]

/** A host path that appears inside, at the same path where only one is given. */
export type BoundPath = string | { readonly inside: string; readonly outside: string }

/** What surrounds a sandbox: paths that must be visible, paths that the runner itself writes, services. All paths are absolute. */
export interface SandboxContext {
  readonly projectRoot: string
  /** Paths that a private directory must not hide: workspace root, node_modules, the Node binary, the runner's own files. */
  readonly roots: readonly string[]
  readonly cwd: string
  /** Directories or files of the runner that are written through (compile cache, attachments). */
  readonly writeThrough: readonly BoundPath[]
  /** Directories or files that the runner writes and the sandbox only reads. */
  readonly readThrough: readonly BoundPath[]
  readonly services: readonly Service[]
  /** Endpoints of the host, such as `127.0.0.1:9229`, that reach the same port of the sandbox's 127.0.0.1 (for `--inspect`). */
  readonly publish?: readonly string[]
  /** First pid inside. */
  readonly pidBase?: number
  /** How long a worker has after SIGTERM. @default 400 */
  readonly graceMs?: number
  /** Path of netns-threads.so, where the worker may ask for further roots and networks. */
  readonly threadsPath?: string
  /** The worker enters a root for each file: the first one and its network are made ready while it boots. @default false */
  readonly rootPerFile?: boolean
}

/** Something that this machine or these options do not give to the full. */
export interface Degree {
  /** What is lessened. */
  readonly kind:
    | 'read-only'
    | 'not-isolated'
    | 'not-private'
    | 'ownership'
    | 'missing'
    | 'mount-points'
    | 'kernel'
  readonly path?: string
  /** One line for a reader. */
  readonly message: string
}

/** An upper directory of the plan: what the sandbox changed below `insidePath` lies in it. */
export interface Upper {
  readonly id: string
  readonly insidePath: string
}

/** A sandbox described step by step; `launch` makes it. */
export interface SandboxPlan {
  readonly steps: readonly Step[]
  readonly uppers: readonly Upper[]
  readonly degrees: readonly Degree[]
  /** The tree stays after the worker's end until it is released. */
  readonly hold: boolean
  /** Path of netns-threads.so inside, where the worker is to have a control socket. */
  readonly threadsPath: string | null
}
