import { isDeepStrictEqual } from 'node:util'
import {
  isInsideSandbox,
  mergeOptions,
  NetnsError,
  openFileSandboxes,
  type FileSandboxes,
  type FileSandboxRequest,
} from '@netns/core/worker'
import { docblockOptions } from '../docblock.ts'
import type { EnvironmentConfig, EnvironmentContext } from '../jest.ts'
import { ENVIRONMENT_NAME } from '../names.ts'
import type { WorkerSetup } from '../protocol.ts'
import { sendToRunner } from './send.ts'
import { workerSetup } from './worker-setup.ts'

interface Options {
  readonly base?: string
  readonly fs?: Readonly<Record<string, unknown>> & { readonly keep?: readonly string[] }
  readonly net?: NonNullable<FileSandboxRequest['options']>['net']
  readonly hosts?: Readonly<Record<string, string>>
}

let sandboxes: FileSandboxes | undefined
/** The file that runs: a worker runs one at a time. */
let running: string | undefined

/** The options of a file. The runner has checked them. Throws NetnsError `NETNS_NOT_IN_SANDBOX` without it. */
export function optionsOf({ docblockPragmas }: EnvironmentContext): Options {
  return mergeOptions(requireSetup().written, docblockOptions(docblockPragmas))
}

/** Enters the file's sandbox. */
export function beginFile({ projectConfig }: EnvironmentConfig, context: EnvironmentContext): void {
  const setup = requireSetup()
  if (running !== undefined) endFile() // its environment could not be made
  const alone = !setup.reuse
  if (setup.sandboxed && !alone) {
    sandboxes ??= openFileSandboxes()
    sandboxes.begin(requestOf(setup, projectConfig.rootDir, context))
  }
  running = context.testPath
  sendToRunner(setup, { kind: 'began', testPath: running, sandbox: setup.sandbox, alone })
}

/** Leaves it, into one that nobody looks at. */
export function endFile(): void {
  const testPath = running
  running = undefined
  if (testPath === undefined || !sandboxes) return
  const { kept, ...end } = sandboxes.end()
  const encoded = kept.map(({ path, mode, content }) => ({
    path,
    mode,
    base64: content.toString('base64'),
  }))
  sendToRunner(requireSetup(), { kind: 'ended', testPath, end: { ...end, kept: encoded } })
}

export function sendSnapshot(path: string, content: string): void {
  if (running !== undefined)
    sendToRunner(requireSetup(), { kind: 'snapshot', testPath: running, path, content })
}

/** What Jest's own environments may see of the options: they assign all of them to the test's globals. */
export function withoutOurs({ globalConfig, projectConfig }: EnvironmentConfig): EnvironmentConfig {
  const { [ENVIRONMENT_NAME]: _ours, ...testEnvironmentOptions } =
    projectConfig.testEnvironmentOptions
  return { globalConfig, projectConfig: { ...projectConfig, testEnvironmentOptions } }
}

function requestOf(
  { written }: WorkerSetup,
  projectRoot: string,
  context: EnvironmentContext,
): FileSandboxRequest {
  const options = optionsOf(context)
  const globs = options.fs?.keep ?? []
  return {
    ...(isDeepStrictEqual(options, written) ? {} : { options: inProcess(options) }),
    ...(globs.length > 0 ? { keep: { projectRoot, globs } } : {}),
  }
}

/** The options that can change without a new process; of others the runner makes a worker of their own. */
function inProcess({ fs, net, hosts }: Options): NonNullable<FileSandboxRequest['options']> {
  const { keep: _keep, copy: _copy, ...files } = fs ?? {}
  return { fs: files, ...(net === undefined ? {} : { net }), ...(hosts ? { hosts } : {}) }
}

function requireSetup(): WorkerSetup {
  if (workerSetup && (!workerSetup.sandboxed || isInsideSandbox())) return workerSetup
  throw new NetnsError('NETNS_NOT_IN_SANDBOX', {
    hint: "Add preset: 'jest-environment-netns' to the Jest config, or runner: 'jest-environment-netns/runner' beside testEnvironment: 'netns'.",
  })
}
