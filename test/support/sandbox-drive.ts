import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Degree, DegradedEvent, NetnsOptions, SandboxEnd, SandboxStart } from '@netns/core'
import { node } from './sandbox-plans.ts'
import type { Surroundings } from './sandbox-surroundings.ts'

/** One sandbox that the runner makes. */
export interface Run {
  readonly command: readonly string[]
  readonly options?: NetnsOptions
  /** @default the working directory of the runner */
  readonly project?: string
  /** @default the project */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  readonly pidBase?: number
  readonly writeThrough?: readonly string[]
  readonly readThrough?: readonly string[]
  /** Who is killed by SIGKILL when the worker has written something. */
  readonly killAfterLine?: 'worker' | 'launcher'
}

export interface DriveRequest {
  /** Sandboxes that run at the same time. */
  readonly runs: readonly Run[]
  /** Shell commands of the runner before the sandboxes are made, and after they have ended. */
  readonly setUp?: string
  readonly afterwards?: string
  /** Servers of the runner: ports on 127.0.0.1 and paths of sockets, `@name` for an abstract one. */
  readonly listen?: readonly (number | string)[]
  /** Files and trees that are compared before and after. */
  readonly watch?: readonly string[]
}

export interface DescribedError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly stage?: string
  readonly syscall?: string
  readonly errno?: string
  readonly path?: string
  readonly hint?: string
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly started: SandboxStart
  readonly degraded: readonly DegradedEvent[]
  readonly degrees: readonly Degree[]
  readonly end: Omit<SandboxEnd, 'keepFailures'> & {
    readonly keepFailures: readonly DescribedError[]
  }
  /** Set where there was no sandbox; then nothing else is. */
  readonly error?: DescribedError
}

export interface DriveResult {
  readonly results: readonly RunResult[]
  /** Watched paths that are not as they were. */
  readonly changed: readonly string[]
  /** Connections that each server of `listen` took. */
  readonly heard: readonly number[]
  readonly afterwards: string
}

const fixture = (name: string) =>
  fileURLToPath(new URL(`../fixtures/sandbox/${name}`, import.meta.url))

/** Starts a runner in these surroundings, which makes the sandboxes. */
export async function drive(
  { before, env }: Surroundings,
  cwd: string,
  request: DriveRequest,
): Promise<DriveResult> {
  const line = [...before, 'env', '-C', cwd, ...node, fixture('drive.mjs')]
  const [file = '', ...args] = line
  const limits = { timeout: 50_000, killSignal: 'SIGKILL' } as const
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, ...limits })
  child.stdin.end(JSON.stringify(request))
  const [[code, signal], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    text(child.stdout),
    text(child.stderr),
  ])
  if (code !== 0) throw new Error(`the runner ended with ${code ?? signal}: ${stderr}${stdout}`)
  return JSON.parse(stdout) as DriveResult
}

/** What one probe gave: a value, or the code of its error. */
export interface Outcome {
  readonly value?: unknown
  readonly code?: string
  readonly message?: string
  readonly ms: number
}

export type Outcomes = Readonly<Record<string, Outcome>>

/** The command that runs the probes of test/fixtures/sandbox/probes/<module>.mjs inside. */
export function probeCommand(module: string, args: object = {}): string[] {
  return [...node, fixture('inside.mjs'), module, JSON.stringify(args)]
}

/** What the probes of a run gave. */
export function outcomesOf(result: RunResult | undefined): Outcomes {
  if (!result || result.error) throw new Error(`no sandbox: ${JSON.stringify(result?.error)}`)
  if (result.end.exitCode !== 0) throw new Error(`the probes ended: ${JSON.stringify(result)}`)
  return JSON.parse(result.stdout) as Outcomes
}
