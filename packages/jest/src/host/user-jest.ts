import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { NetnsError } from '@netns/core/runner'
import type { JestWorkerModule, ProjectConfig, Test, TestRunnerClass } from '../jest.ts'

interface Docblock {
  extract(source: string): string
  parse(docblock: string): Record<string, string | string[]>
}

interface ResolveModule {
  resolveTestEnvironment(options: {
    readonly rootDir: string
    readonly testEnvironment: string
    requireResolveFunction(module: string): string
  }): string
}

interface SnapshotModule {
  buildSnapshotResolver(
    config: ProjectConfig,
  ): Promise<{ resolveSnapshotPath(testPath: string): string }>
}

/** The packages of the Jest that runs, which may be another one than this package would find. */
export interface UserJest {
  readonly runnerPath: string
  readonly TestRunner: TestRunnerClass
  readonly worker: JestWorkerModule
  readonly docblock: Docblock
  readonly resolveEnvironment: ResolveModule['resolveTestEnvironment']
  snapshotPath(test: Test): Promise<string>
  /** Variables that make workers colour their output as the runner does. */
  readonly colorEnv: Readonly<Record<string, string>>
}

/** From the outside in: with pnpm each package sees only what it depends on. */
const owners = ['jest', 'jest-cli', '@jest/core']

export function findUserJest(directories: readonly string[]): UserJest {
  const starts = [mainScript(), ...directories.map((directory) => join(directory, 'package.json'))]
  for (const start of starts) {
    const runnerPath = findRunner(start)
    if (runnerPath !== undefined) return load(runnerPath)
  }
  throw new NetnsError('NETNS_NOT_IN_SANDBOX', {
    title: 'jest-runner was not found',
    detail: `looked from ${starts.join(', ')}`,
    hint: 'Install Jest where the tests are: npm install --save-dev jest',
  })
}

function mainScript(): string {
  const script = process.argv[1] ?? '/'
  try {
    return realpathSync(script)
  } catch {
    return script
  }
}

function findRunner(start: string): string | undefined {
  const owner = owners.reduce((from, name) => resolveFrom(from, name) ?? from, start)
  return resolveFrom(owner, 'jest-runner')
}

export function resolveFrom(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(name)
  } catch {
    return undefined
  }
}

function load(runnerPath: string): UserJest {
  const require = createRequire(runnerPath)
  const workerPath = require.resolve('jest-worker')
  const colors = createRequire(workerPath)('supports-color') as { stdout: unknown }
  return {
    runnerPath,
    TestRunner: (require(runnerPath) as { default: TestRunnerClass }).default,
    worker: require(workerPath) as JestWorkerModule,
    docblock: require('jest-docblock') as Docblock,
    resolveEnvironment: (options) =>
      (require('jest-resolve') as ResolveModule).resolveTestEnvironment(options),
    snapshotPath: async ({ path, context }) => {
      const snapshot = createRequire(require.resolve('jest-runtime'))('jest-snapshot')
      const resolver = await (snapshot as SnapshotModule).buildSnapshotResolver(context.config)
      return resolver.resolveSnapshotPath(path)
    },
    colorEnv: colors.stdout ? { FORCE_COLOR: '1' } : {},
  }
}
