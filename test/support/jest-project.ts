import type { ChildProcess } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { repository, TestProject, type RunResult } from './test-project.ts'

const fixtures = join(repository, 'test/fixtures/jest')

/** The Jest that the tests start: the one of the root, or that of test/versions/jest-29. */
export const jestMajor = process.env['NETNS_TEST_JEST'] === '29' ? 29 : 30
const jestHome = jestMajor === 29 ? join(repository, 'test/versions/jest-29') : repository

/** Jest's own one lies in the temporary directory and belongs to whoever came first. */
const cacheDirectory = join(repository, 'build/jest-cache')

const fromJestHome = [
  'jest',
  'jest-environment-jsdom',
  '@babel/preset-typescript',
  '@babel/plugin-transform-modules-commonjs',
]

export interface JestSetup {
  /** A directory of test/fixtures/jest. */
  readonly fixture?: string
  /** Files beside it, or instead of some of it. */
  readonly files?: Readonly<Record<string, string>>
  /** Config beside the preset. */
  readonly config?: Readonly<Record<string, unknown>>
  /** `testEnvironmentOptions.netns`. */
  readonly netns?: Readonly<Record<string, unknown>>
  /** Runs without netns. */
  readonly plain?: boolean
  /** Without the preset: `config` says everything. */
  readonly bare?: boolean
  readonly type?: 'module' | 'commonjs'
  /** Jest's own cache directory, as users have it. */
  readonly usersCache?: boolean
}

/** A project with a Jest config. */
export class JestProject extends TestProject {
  constructor(setup: JestSetup) {
    super('netns-jest-')
    if (setup.fixture !== undefined)
      cpSync(join(fixtures, setup.fixture), this.directory, { recursive: true })
    this.write('package.json', JSON.stringify({ name: 'project', type: setup.type ?? 'commonjs' }))
    this.write('jest.config.json', JSON.stringify(configOf(setup)))
    for (const [path, content] of Object.entries(setup.files ?? {})) this.write(path, content)
    for (const name of fromJestHome) this.link(name, jestHome)
    this.link('@netns/core', repository)
    this.#install()
  }

  /** As npm does it: Jest leaves out of stacks what lies in node_modules. */
  #install(): void {
    const home = join(repository, 'packages/jest')
    const directory = this.path('node_modules/jest-environment-netns')
    for (const name of ['package.json', 'dist'])
      cpSync(join(home, name), join(directory, name), { recursive: true })
  }

  /** `jest` with these arguments. */
  run(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<RunResult> {
    return this.finish(this.start(args, env))
  }

  /**
   * Starts `jest` with these arguments.
   *
   * @param before a program and its arguments that start it, such as `unshare`
   */
  start(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): ChildProcess {
    return this.startNode([], args, env, before)
  }

  /** The same with options of Node. */
  startNode(
    nodeArgs: readonly string[],
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): ChildProcess {
    const script = this.path('node_modules/jest/bin/jest.js')
    return this.startScript([...nodeArgs, script, ...args], env, before)
  }

  /** The report of `--json`, and how the run ended. */
  async report(args: readonly string[] = []): Promise<{ result: RunResult; report: JestReport }> {
    const result = await this.run(['--json', '--outputFile=report.json', ...args])
    const text = this.read('report.json')
    return { result, report: JSON.parse(text) as JestReport }
  }
}

export interface JestReport {
  readonly success: boolean
  readonly numTotalTests: number
  readonly snapshot: Readonly<Record<string, unknown>>
  readonly coverageMap?: Readonly<Record<string, unknown>>
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

/** The same project twice: as Jest runs it, and isolated. */
export function plainAndIsolated(setup: JestSetup): Record<'plain' | 'isolated', JestProject> {
  return {
    plain: new JestProject({ ...setup, plain: true }),
    isolated: new JestProject(setup),
  }
}

function configOf(setup: JestSetup): object {
  const { config = {}, netns, plain = false, bare = false, usersCache = false } = setup
  const options = config['testEnvironmentOptions'] as object | undefined
  return {
    ...(plain || bare ? {} : { preset: 'jest-environment-netns' }),
    reporters: ['default'],
    maxWorkers: 2,
    ...(usersCache ? {} : { cacheDirectory }),
    ...config,
    ...(netns && !plain ? { testEnvironmentOptions: { ...options, netns } } : {}),
  }
}

/** Both modes of the `isolation` option. */
export const isolations = ['file', 'process'] as const

/** The comment that sets a file's environment. */
export function docblock(environment: string | null, options?: object): string {
  const lines = [
    ...(environment === null ? [] : [` * @${'jest'}-environment ${environment}`]),
    ...(options ? [` * @${'jest'}-environment-options ${JSON.stringify(options)}`] : []),
  ]
  return `/**\n${lines.join('\n')}\n */\n`
}
