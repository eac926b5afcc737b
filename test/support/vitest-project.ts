import { spawn, type ChildProcess } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { listTree } from './files.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const fixtures = join(repository, 'test/fixtures/vitest')

/** The Vitest that the tests start: the one of the root, or that of test/versions/vitest-4. */
export const vitestMajor = process.env['NETNS_TEST_VITEST'] === '4' ? 4 : 5
const vitestHome = vitestMajor === 4 ? join(repository, 'test/versions/vitest-4') : repository
const node = process.env['NETNS_TEST_NODE'] ?? process.execPath

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

export interface VitestResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output and error, the project's directory written as `<project>`. */
  readonly output: string
}

/** A project in a directory of its own, as a user has it. It is removed when the test is over. */
export class VitestProject {
  readonly directory: string

  constructor(setup: ProjectSetup) {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), 'netns-vitest-')))
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }))
    if (setup.fixture !== undefined) {
      cpSync(join(fixtures, setup.fixture), this.directory, { recursive: true })
    }
    this.write('package.json', JSON.stringify({ name: 'project', type: 'module' }))
    this.write('vitest.config.mjs', setup.config ?? configOf(setup))
    for (const [path, content] of Object.entries(setup.files ?? {})) this.write(path, content)
    for (const name of dependencies) this.#link(name)
  }

  path(name: string): string {
    return join(this.directory, name)
  }

  /** Paths of its files, node_modules aside. */
  list(): string[] {
    return Object.keys(listTree(this.directory))
  }

  write(name: string, content: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true })
    writeFileSync(this.path(name), content)
  }

  /** `vitest run` with these arguments. */
  run(
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<VitestResult> {
    return this.finish(this.start(['run', ...args], env))
  }

  /**
   * Starts `vitest` with these arguments, in a process group of its own.
   *
   * @param before a program and its arguments that start it, such as `unshare`
   */
  start(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): ChildProcess {
    const [program = node, ...rest] = [
      ...before,
      node,
      this.path('node_modules/vitest/vitest.mjs'),
      ...args,
    ]
    const child = spawn(program, rest, {
      cwd: this.directory,
      env: { ...cleanEnv(), ...env },
      stdio: 'pipe',
      detached: true,
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  async finish(child: ChildProcess): Promise<VitestResult> {
    const { stdout: out, stderr: err } = child
    if (!out || !err) throw new Error('The output of Vitest is not piped')
    const ending = new Promise<Pick<VitestResult, 'exitCode' | 'signal'>>((resolve, reject) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
      child.once('error', reject)
    })
    const [stdout, stderr] = await Promise.all([text(out), text(err)])
    const output = (stdout + stderr).replaceAll(this.directory, '<project>')
    return { ...(await ending), stdout, stderr, output }
  }

  #link(name: string): void {
    const link = this.path(join('node_modules', name))
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(packageDirectory(name), link)
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

function packageDirectory(name: string): string {
  const home = name === 'vitest' || name.startsWith('@vitest/') ? vitestHome : repository
  const manifest = createRequire(join(home, 'package.json')).resolve(`${name}/package.json`)
  return dirname(manifest)
}

/** Without what this Vitest set for its own workers, and what makes colours or refuses to write snapshots. */
function cleanEnv(): Record<string, string | undefined> {
  const ours =
    /^(?:VITEST|TEST$|NODE_ENV$|FORCE_|CI$|GITHUB_|npm_|NETNS_HOST_NS|NETNS_MUST_WORK|TINYPOOL)/
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name))
  return { ...Object.fromEntries(kept), NO_COLOR: '1' }
}

/** The comment that sets a file's environment; written in parts, for Vitest would find it in the test of the test. */
export function docblock(environment: string | null, options?: object): string {
  const lines = [
    ...(environment === null ? [] : [`// @${'vitest'}-environment ${environment}`]),
    ...(options ? [`// @${'vitest'}-environment-options ${JSON.stringify(options)}`] : []),
  ]
  return `${lines.join('\n')}\n`
}
