import type { ChildProcess } from 'node:child_process'
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { repository, TestProject, type RunResult } from './test-project.ts'

const fixtures = join(repository, 'test/fixtures/vitest')

/** The Vitest that the tests start: the one of the root, or that of test/versions/vitest-4. */
export const vitestMajor = process.env['NETNS_TEST_VITEST'] === '4' ? 4 : 5
const vitestHome = vitestMajor === 4 ? join(repository, 'test/versions/vitest-4') : repository

const dependencies = [
  'vitest',
  'vite',
  '@vitest/coverage-v8',
  '@vitest/coverage-istanbul',
  'vitest-environment-netns',
  '@netns/core',
  'jsdom',
  'happy-dom',
  'typescript',
]

export interface ProjectSetup {
  /** A directory of test/fixtures/vitest. */
  readonly fixture?: string
  /** Files beside it, or instead of some of it. */
  readonly files?: Readonly<Record<string, string>>
  /** `test` of the Vitest config. */
  readonly test?: Readonly<Record<string, unknown>>
  /** Runs without the plugin, in Vitest's own `forks`. */
  readonly plain?: boolean
  /** The whole config, where `test` is not enough. */
  readonly config?: string
}

export type VitestResult = RunResult

/** A project with a Vitest config. */
export class VitestProject extends TestProject {
  constructor(setup: ProjectSetup) {
    super('netns-vitest-')
    if (setup.fixture !== undefined) {
      cpSync(join(fixtures, setup.fixture), this.directory, { recursive: true })
    }
    this.write('package.json', JSON.stringify({ name: 'project', type: 'module' }))
    this.write('vitest.config.mjs', setup.config ?? configOf(setup))
    for (const [path, content] of Object.entries(setup.files ?? {})) this.write(path, content)
    for (const name of dependencies) this.link(name, homeOf(name))
  }

  /** `vitest run` with these arguments. */
  run(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<VitestResult> {
    return this.finish(this.start(['run', ...args], env))
  }

  /**
   * Starts `vitest` with these arguments.
   *
   * @param before a program and its arguments that start it, such as `unshare`
   */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): ChildProcess {
    return this.startScript([this.path('node_modules/vitest/vitest.mjs'), ...args], env, before)
  }
}

/** The same project twice: in Vitest's own `forks`, and isolated. */
export function plainAndIsolated(setup: ProjectSetup): Record<'plain' | 'isolated', VitestProject> {
  return {
    plain: new VitestProject({ ...setup, plain: true }),
    isolated: new VitestProject(setup),
  }
}

/** Whether the tests run with `reuse: true`. */
const reuses = process.env['NETNS_TEST_REUSE'] === '1'

function configOf({ test = {}, plain = false }: ProjectSetup): string {
  const own = plain ? { pool: 'forks' } : { environment: 'netns' }
  const environmentOptions = reuses && !plain ? { environmentOptions: withReuse(test) } : {}
  return [
    ...(plain ? [] : ["import netns from 'vitest-environment-netns/plugin'"]),
    'export default {',
    `  plugins: [${plain ? '' : 'netns()'}],`,
    `  test: ${JSON.stringify({ ...own, ...test, ...environmentOptions })},`,
    '}',
    '',
  ].join('\n')
}

function withReuse({ environmentOptions = {} }: { environmentOptions?: object }): object {
  const { netns = {} } = environmentOptions as { netns?: object }
  return { ...environmentOptions, netns: { reuse: true, ...netns } }
}

function homeOf(name: string): string {
  return name === 'vitest' || name.startsWith('@vitest/') ? vitestHome : repository
}

/** The comment that sets a file's environment; written in parts, for Vitest would find it in the test of the test. */
export function docblock(environment: string | null, options?: object): string {
  const lines = [
    ...(environment === null ? [] : [`// @${'vitest'}-environment ${environment}`]),
    ...(options ? [`// @${'vitest'}-environment-options ${JSON.stringify(options)}`] : []),
  ]
  return `${lines.join('\n')}\n`
}
