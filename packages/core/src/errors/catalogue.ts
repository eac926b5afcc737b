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
  NETNS_KEEP_FAILED: {
    title: 'a file of fs.keep could not be written back',
    hint: 'Make the destination in the project writable, or narrow the globs of fs.keep.',
  },
} as const satisfies Record<string, CatalogueEntry>

/** The permanent codes of {@link NetnsError}. */
export type NetnsErrorCode = keyof typeof catalogue
