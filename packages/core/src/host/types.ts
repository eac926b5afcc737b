/** One line of /proc/self/mountinfo (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: number
  readonly parentId: number
  /** Path of the mounted directory inside its file system. */
  readonly root: string
  readonly mountPoint: string
  readonly options: readonly string[]
  readonly fsType: string
  readonly source: string
  readonly superOptions: readonly string[]
}

/** What the host says about one path, symbolic links not followed. */
export interface HostNode {
  readonly type: 'dir' | 'file' | 'symlink' | 'socket' | 'other'
  /** Permission bits including set-id and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  /** Where a symbolic link points to. */
  readonly target?: string
  /** access(2) R_OK, and X_OK for a directory. */
  readonly readable: boolean
  /** access(2) W_OK. */
  readonly writable: boolean
}

/** The host's files as a plan needs them. Answers are remembered: one instance is one moment of the host. */
export interface HostFiles {
  /** `undefined`: no such path. A path that cannot be examined (a dead FUSE mount) is `other` and not readable. */
  node(path: string): HostNode | undefined
  /** Names in a directory; empty where it cannot be read. */
  list(path: string): readonly string[]
  /** Text of a small file, `undefined` where it is missing or unreadable. */
  text(path: string): string | undefined
}

/** The facts about a machine that decide how a sandbox is planned. */
export interface HostFacts {
  readonly uid: number
  readonly gid: number
  /** The launcher may map every id of its own user namespace: root with CAP_SETUID and CAP_SETGID. */
  readonly mapsRanges: boolean
  /** The current user namespace itself has a map of every id. */
  readonly hasAllIds: boolean
  readonly kernelRelease: string
  readonly home: string | undefined
  /** Directories that tools of the user write to: TMPDIR, XDG directories. */
  readonly ownDirs: readonly string[]
  /** XDG_RUNTIME_DIR. */
  readonly runtimeDir: string | undefined
  /** Mounts that a path can reach, parents first. */
  readonly mounts: readonly Mount[]
  readonly files: HostFiles
}

/** What {@link readHost} takes beside the machine. */
export interface HostContext {
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>
}
