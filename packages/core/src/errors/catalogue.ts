/** What the catalogue knows of one error code. */
export interface CatalogueEntry {
  /** One line: what went wrong. */
  readonly title: string
  /** What to do when nothing more exact is known. */
  readonly hint: string
}

/** Every code is permanent: it may get a better text, never another meaning. */
export const catalogue = {
  NETNS_OPTIONS_INVALID: {
    title: 'options that netns cannot use',
    hint: 'Correct the options named above; all of them are listed in docs/options.md.',
  },
  NETNS_PLATFORM: {
    title: 'sandboxes need Linux on x64',
    hint: "Run the tests on Linux (or in WSL 2), or set fallback: 'warn' to run them here without isolation.",
  },
  NETNS_KERNEL_TOO_OLD: {
    title: 'this kernel lacks what a sandbox needs',
    hint: 'Use Linux 6.6 or newer.',
  },
  NETNS_USERNS_DENIED: {
    title: 'this machine refuses user namespaces',
    hint: 'Allow unprivileged user namespaces: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=15000',
  },
  NETNS_LAUNCHER_MISSING: {
    title: 'the launcher executable was not found',
    hint: 'Run npm install again without --omit=optional, or point NETNS_LAUNCHER to the executable.',
  },
  NETNS_LAUNCHER_PROTOCOL: {
    title: 'the launcher does not understand this version of @netns/core',
    hint: 'Install @netns/core and its launcher package in the same version: npm install @netns/core@latest',
  },
  NETNS_LAUNCHER_DIED: {
    title: 'the launcher ended without a report',
    hint: 'Something killed the launcher (look for "oom" in dmesg); run the tests again with fewer workers.',
  },
  NETNS_SETUP_FAILED: {
    title: 'a sandbox could not be set up',
    hint: 'The stage, the path and the error number above say which step the kernel refused.',
  },
  NETNS_ENOSPC: {
    title: 'no room left to set up a sandbox',
    hint: 'Free memory, or lower the number of workers or fs.tmpSizeBytes.',
  },
  NETNS_EXEC_FAILED: {
    title: 'the command could not be started inside the sandbox',
    hint: 'Check that the file exists inside, is executable, and is not hidden by fs.hide or fs.private.',
  },
  NETNS_NOT_IN_SANDBOX: {
    title: 'this file does not run in a sandbox',
    hint: "Add the plugin: import netns from 'vitest-environment-netns/plugin' and plugins: [netns()] in the Vitest config.",
  },
  NETNS_POOL_UNSUPPORTED: {
    title: 'this pool cannot isolate files',
    hint: "Remove the pool setting (threads and vmThreads share one process between files), or set pool: 'forks'.",
  },
  NETNS_SNAPSHOT_REFUSED: {
    title: 'a snapshot outside the project was not written',
    hint: 'Keep snapshots below the project or the workspace root.',
  },
  NETNS_ISOLATE_FAILED: {
    title: 'isolate() could not make a sandbox; the test is where it was',
    hint: 'The stage, the path and the error number above say which step the kernel refused; layers need Linux 6.8 or newer.',
  },
  NETNS_ISOLATE_BUSY: {
    title: 'another isolate() of this process is active',
    hint: "One process has one file system: run these tests one after the other (no test.concurrent), or wait with concurrency: 'queue'.",
  },
  NETNS_ISOLATE_DISPOSED: {
    title: 'this sandbox has ended',
    hint: 'Use the sandbox before its scope ends: await what uses it.',
  },
  NETNS_OPEN_FILES: {
    title: 'files are open for writing, and would go on writing to the state before',
    hint: "Close them before isolate(), open them inside, or set onOpenFiles: 'warn'.",
  },
  NETNS_LAYER_LIMIT: {
    title: 'no more layers: the kernel takes no further directory in one overlay',
    hint: 'Go back with restore() instead of making one checkpoint on another.',
  },
  NETNS_THREADS_STUCK: {
    title: 'not every thread of this process could be moved to the new network',
    hint: "A thread is blocked in the kernel, or belongs to a native module; use net: 'inherit', or a process of its own (reuse: false).",
  },
  NETNS_IO_URING: {
    title: 'io_uring does file operations past the threads that isolate() moves',
    hint: 'Unset UV_USE_IO_URING for the tests.',
  },
  NETNS_CAPABILITY_MISSING: {
    title: 'this process has no capabilities to lend',
    hint: "Capabilities of children need environment: 'netns' with a network namespace of its own.",
  },
  NETNS_KEEP_FAILED: {
    title: 'a file of fs.keep could not be written back',
    hint: 'Make the destination in the project writable, or narrow the globs of fs.keep.',
  },
} as const satisfies Record<string, CatalogueEntry>

/** The permanent codes of {@link NetnsError}. */
export type NetnsErrorCode = keyof typeof catalogue
