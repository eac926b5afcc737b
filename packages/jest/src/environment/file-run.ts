import process from 'node:process'
import { isDeepStrictEqual } from 'node:util'
import {
  isInsideSandbox,
  mergeOptions,
  NetnsError,
  openFileSandboxes,
  openScope,
  type FileSandboxes,
  type FileSandboxRequest,
  type HandleScope,
  type WrittenFile,
} from '@netns/core/worker'
import { docblockOptions } from '../docblock.ts'
import type { EnvironmentConfig, EnvironmentContext } from '../jest.ts'
import { ENVIRONMENT_NAME } from '../names.ts'
import { fileKey, type EncodedFile, type WorkerSetup } from '../protocol.ts'
import { takePlace } from './place.ts'
import { sendToRunner } from './send.ts'
import { workerSetup } from './worker-setup.ts'

interface Options {
  readonly base?: string
  readonly fs?: { readonly keep?: readonly string[] }
  readonly hosts?: Readonly<Record<string, string>>
}

interface RunningFile {
  /** Its key in messages. */
  readonly file: string
  readonly projectRoot: string
  /** `null` where the process does not go on. */
  readonly scope: HandleScope | null
}

/** The file that runs: a worker runs one at a time. */
let running: RunningFile | undefined
let sandboxes: FileSandboxes | undefined

takePlace(({ kept, ...end }) => {
  if (!running) return
  const { file, projectRoot } = running
  const message = {
    kind: 'isolated',
    file,
    projectRoot,
    end: { ...end, kept: encode(kept) },
  } as const
  sendToRunner(requireSetup(), message)
})
let isFirst = true

/** The options of a file. The runner has checked them. Throws NetnsError `NETNS_NOT_IN_SANDBOX` without it. */
export function optionsOf({ docblockPragmas }: EnvironmentContext): Options {
  return mergeOptions(requireSetup().written, docblockOptions(docblockPragmas))
}

/** Enters the file's sandbox. */
export function beginFile({ projectConfig }: EnvironmentConfig, context: EnvironmentContext): void {
  const setup = requireSetup()
  const file = fileKey(projectConfig, context.testPath)
  const shares = setup.sandboxed && setup.reuse
  const projectRoot = projectConfig.rootDir
  const request = shares ? requestOf(setup, projectRoot, context) : {}
  if (shares) enterFresh(setup, file, request)
  running = { file, projectRoot, scope: shares ? openScope() : null }
  const { keep = null } = request
  sendToRunner(setup, { kind: 'began', file, sandbox: setup.sandbox, alone: !setup.reuse, keep })
}

function enterFresh(setup: WorkerSetup, file: string, request: FileSandboxRequest): void {
  sandboxes ??= openFileSandboxes()
  try {
    sandboxes.begin(request)
  } catch (error) {
    if (isFirst) throw error
    // Something that an earlier file left keeps this process where it is; jest-worker runs the file in another one.
    const { sandbox } = setup
    sendToRunner(setup, { kind: 'unfit', file, sandbox, reason: (error as Error).message })
    process.exit(1)
  }
  isFirst = false
}

/** Ends what the file left; nobody else comes into its sandbox. */
export async function endFile(): Promise<void> {
  const { file, projectRoot, scope } = running ?? {}
  if (file === undefined || projectRoot === undefined || !scope || !sandboxes) {
    running = undefined
    return
  }
  const listeners = replaceListeners([ignore])
  try {
    // First, so that what waits for a sandbox fails before the file has ended.
    sandboxes.close()
    const leaks = scope.close()
    const open = await scope.settled()
    const { kept, ...end } = sandboxes.end()
    const unfit = open.length > 0 ? `${open.join(', ')} did not close` : null
    const ended = { ...end, kept: encode(kept) }
    sendToRunner(requireSetup(), { kind: 'ended', file, projectRoot, end: ended, leaks, unfit })
  } finally {
    running = undefined
    replaceListeners(listeners)
  }
}

type Listeners = NodeJS.UncaughtExceptionListener[]

/** jest-runner's own ends the process. */
function replaceListeners(listeners: Listeners): Listeners {
  const before = process.rawListeners('uncaughtException') as Listeners
  process.removeAllListeners('uncaughtException')
  for (const listener of listeners) process.on('uncaughtException', listener)
  return before
}

/** The file's environment could not be made: nothing of it has run. */
export function abandonFile(): void {
  const { file, projectRoot, scope } = running ?? {}
  if (file === undefined || projectRoot === undefined || !scope || !sandboxes) return
  running = undefined
  const leaks = scope.close()
  const end = { ...sandboxes.end(), kept: [] }
  sendToRunner(requireSetup(), { kind: 'ended', file, projectRoot, end, leaks, unfit: null })
}

function encode(files: readonly WrittenFile[]): EncodedFile[] {
  return files.map(({ path, mode, content }) => ({
    path,
    mode,
    base64: content.toString('base64'),
  }))
}

/** What a file left open fails when it is closed, and that is no error of anybody. */
function ignore(): void {}

export function sendSnapshot(path: string, content: string): void {
  if (!running) return
  const { file } = running
  sendToRunner(requireSetup(), { kind: 'snapshot', file, path, content })
}

/** What Jest's own environments may see of the options: they assign all of them to the test's globals. */
export function withoutOurs({ globalConfig, projectConfig }: EnvironmentConfig): EnvironmentConfig {
  const { [ENVIRONMENT_NAME]: _ours, ...testEnvironmentOptions } =
    projectConfig.testEnvironmentOptions
  return { globalConfig, projectConfig: { ...projectConfig, testEnvironmentOptions } }
}

/** For other options than these a file has a worker of its own. */
function requestOf(
  { written }: WorkerSetup,
  projectRoot: string,
  context: EnvironmentContext,
): FileSandboxRequest {
  const options = optionsOf(context)
  const { hosts = {} } = options
  const globs = options.fs?.keep ?? []
  return {
    ...(isDeepStrictEqual(options.hosts, written['hosts']) ? {} : { options: { hosts } }),
    ...(globs.length > 0 ? { keep: { projectRoot, globs } } : {}),
  }
}

let checkedSetup: WorkerSetup | undefined

/** Asks the kernel once: nothing takes a process out of its sandbox. */
function requireSetup(): WorkerSetup {
  return (checkedSetup ??= checkSetup())
}

function checkSetup(): WorkerSetup {
  if (workerSetup && (!workerSetup.sandboxed || isInsideSandbox())) return workerSetup
  throw new NetnsError('NETNS_NOT_IN_SANDBOX', {
    hint: "Add preset: 'jest-environment-netns' to the Jest config, or runner: 'jest-environment-netns/runner' beside testEnvironment: 'netns'.",
  })
}
