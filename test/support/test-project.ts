import { spawn, type ChildProcess } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
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

export const repository = fileURLToPath(new URL('../..', import.meta.url))
const node = process.env['NETNS_TEST_NODE'] ?? process.execPath

export interface RunResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output and error, the project's directory written as `<project>`. */
  readonly output: string
}

/** A project in a directory of its own, as a user has it. It is removed when the test is over. */
export class TestProject {
  readonly directory: string

  constructor(prefix: string) {
    this.directory = realpathSync(mkdtempSync(join(tmpdir(), prefix)))
    onTestFinished(() => rmSync(this.directory, { recursive: true, force: true }))
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

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8')
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true })
  }

  makeExecutable(name: string): void {
    chmodSync(this.path(name), 0o755)
  }

  /** Installs a package that another directory sees. */
  link(name: string, home: string): void {
    const link = this.path(join('node_modules', name))
    mkdirSync(dirname(link), { recursive: true })
    const manifest = createRequire(join(home, 'package.json')).resolve(`${name}/package.json`)
    symlinkSync(dirname(manifest), link)
  }

  /**
   * Starts a script with Node, in a process group of its own.
   *
   * @param before a program and its arguments that start it, such as `unshare`
   */
  startScript(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    before: readonly string[] = [],
  ): ChildProcess {
    const [program = node, ...rest] = [...before, node, ...args]
    const child = spawn(program, rest, {
      cwd: this.directory,
      env: { ...cleanEnv(), ...env },
      stdio: 'pipe',
      detached: true,
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  async finish(child: ChildProcess): Promise<RunResult> {
    const { stdout: out, stderr: err } = child
    if (!out || !err) throw new Error('The output is not piped')
    const ending = new Promise<Pick<RunResult, 'exitCode' | 'signal'>>((resolve, reject) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
      child.once('error', reject)
    })
    const [stdout, stderr] = await Promise.all([text(out), text(err)])
    const output = (stdout + stderr).replaceAll(this.directory, '<project>')
    return { ...(await ending), stdout, stderr, output }
  }
}

/** Without what this Vitest set for its own workers, and what makes colours or refuses to write snapshots. */
function cleanEnv(): Record<string, string | undefined> {
  const ours =
    /^(?:VITEST|TEST$|NODE_ENV$|FORCE_|CI$|GITHUB_|npm_|NETNS_HOST_NS|NETNS_MUST_WORK|TINYPOOL)/
  const kept = Object.entries(process.env).filter(([name]) => !ours.test(name))
  return { ...Object.fromEntries(kept), NO_COLOR: '1' }
}
