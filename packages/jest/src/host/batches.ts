import { readFileSync, realpathSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import {
  mergeOptions,
  resolveOptions,
  type NetnsError,
  type ResolvedOptions,
} from '@netns/core/runner'
import { docblockOptions } from '../docblock.ts'
import type { ProjectConfig, Test } from '../jest.ts'
import { ENVIRONMENT_NAME, environmentPath } from '../names.ts'
import type { UserJest } from './user-jest.ts'

/** Files whose workers start the same way. */
export interface Batch {
  readonly project: ProjectConfig
  readonly options: ResolvedOptions
  /** The options as written. */
  readonly written: Readonly<Record<string, unknown>>
  readonly tests: Test[]
}

/** The files of a run, by how they are run. */
export interface Batches {
  readonly sandboxed: readonly Batch[]
  /** Files with a docblock that names another environment: as plain Jest runs them. */
  readonly plain: readonly Test[]
  /** Files whose own options are wrong. */
  readonly refused: readonly { readonly test: Test; readonly error: unknown }[]
}

const OPTIONS_ORIGIN = 'testEnvironmentOptions.netns'
const DOCBLOCK_ORIGIN = '@jest-environment-options netns'

/**
 * Sorts the files of a run.
 *
 * @throws NetnsError `NETNS_OPTIONS_INVALID` for the options of a project
 */
export function batchesOf(jest: UserJest, tests: readonly Test[]): Batches {
  const projects = new Map<ProjectConfig, Batch>()
  const sandboxed: Batch[] = []
  const plain: Test[] = []
  const refused: { test: Test; error: unknown }[] = []
  for (const test of tests) {
    const { config } = test.context
    const project = projects.get(config) ?? projectBatch(config)
    projects.set(config, project)
    const pragmas = pragmasOf(jest, test)
    if (hasOtherEnvironment(jest, config, pragmas['jest-environment'])) {
      plain.push(test)
      continue
    }
    try {
      addTo(sandboxed, test, batchFor(project, docblockOptions(pragmas)))
    } catch (error) {
      refused.push({ test, error: error as NetnsError })
    }
  }
  return { sandboxed, plain, refused }
}

function resolve(raw: unknown, origin: string): ResolvedOptions {
  return resolveOptions(raw, origin, undefined, 'jest')
}

function pragmasOf({ docblock }: UserJest, { path }: Test): ReturnType<typeof docblock.parse> {
  try {
    return docblock.parse(docblock.extract(readFileSync(path, 'utf8')))
  } catch {
    return {} // Jest says it when it reads the file itself
  }
}

/** The environment of the config itself is ours or extends ours: who wants none of it does not set this runner. */
function hasOtherEnvironment(
  { resolveEnvironment }: UserJest,
  { rootDir }: ProjectConfig,
  name: string | string[] | undefined,
): boolean {
  if (typeof name !== 'string') return false
  try {
    const path = resolveEnvironment({ rootDir, testEnvironment: name, requireResolveFunction })
    return realpathSync(path) !== realpathSync(environmentPath)
  } catch {
    return true
  }
}

/** Asked last, for what comes with Jest. */
function requireResolveFunction(module: string): string {
  return module
}

function projectBatch(project: ProjectConfig): Batch {
  const configured = project.testEnvironmentOptions[ENVIRONMENT_NAME]
  const options = resolve(configured, OPTIONS_ORIGIN)
  return { project, options, written: mergeOptions(configured, undefined), tests: [] }
}

/** The batch of the project, or another one where a file's options ask for another start of the worker. */
function batchFor(project: Batch, docblock: unknown): Batch {
  if (docblock === undefined) return project
  resolve(docblock, DOCBLOCK_ORIGIN)
  const written = mergeOptions(project.written, docblock)
  const options = resolve(written, ENVIRONMENT_NAME)
  return isDeepStrictEqual(atStart(project.options, options), atStart(options, options))
    ? project
    : { project: project.project, options, written, tests: [] }
}

function addTo(batches: Batch[], test: Test, wanted: Batch): void {
  const isSame = ({ project, options }: Batch): boolean =>
    project.id === wanted.project.id && isDeepStrictEqual(options, wanted.options)
  const batch = batches.find((one) => one === wanted || isSame(one))
  if (batch) batch.tests.push(test)
  else batches.push({ ...wanted, tests: [test] })
}

/**
 * The options that the start of a worker decides for a file. One that goes on can keep other files and add names; what
 * lies below a sandbox it cannot take away.
 */
function atStart(options: ResolvedOptions, file: ResolvedOptions): object {
  const { base: _base, ...rest } = options
  if (!file.reuse) return rest
  return { ...rest, fs: { ...rest.fs, keep: [] }, hosts: { ...file.hosts, ...rest.hosts } }
}
