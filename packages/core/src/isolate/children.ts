import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { NetnsError } from '../errors/netns-error.ts'

/** What a child may do to the sandbox's own network. */
export type ChildCapability = 'NET_ADMIN' | 'NET_RAW' | 'NET_BIND_SERVICE'

export interface ChildOptions extends Pick<SpawnOptions, 'cwd' | 'env' | 'stdio'> {
  /** Capabilities in the sandbox's own namespaces; an ordinary user's children have none without. @default [] */
  readonly capabilities?: readonly ChildCapability[]
}

export interface RunOptions extends Omit<ChildOptions, 'stdio'> {
  /** After this time the child is killed and `timedOut` set. @default none */
  readonly timeoutMs?: number
  /** Standard input. @default empty */
  readonly input?: string | Uint8Array
}

export interface RunResult {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
  readonly durationMs: number
}

/** Numbers of capabilities(7). */
const numbers: Readonly<Record<ChildCapability, number>> = {
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
}

/** Where the tools for networks are, and an ordinary user's PATH often is not. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Runs a function whose children have capabilities. */
export type Lend = <Result>(capabilities: number, run: () => Result) => Result

export function spawnChild(
  lend: Lend | null,
  command: string,
  args: readonly string[],
  { capabilities = [], env = process.env, ...options }: ChildOptions,
): ChildProcess {
  if (capabilities.length === 0) return spawn(command, args, { ...options, env })
  const mask = capabilities.reduce((bits, name) => bits | bitOf(name), 0)
  const path = [env['PATH'], ...SYSTEM_DIRECTORIES].filter(Boolean).join(':')
  if (!lend) throw new NetnsError('NETNS_CAPABILITY_MISSING')
  // The child of a spawn is there when it returns.
  return lend(mask, () => spawn(command, args, { ...options, env: { ...env, PATH: path } }))
}

function bitOf(name: ChildCapability): number {
  const number = numbers[name] as number | undefined
  if (number !== undefined) return 2 ** number
  throw new NetnsError('NETNS_OPTIONS_INVALID', {
    detail: `capabilities: expected ${Object.keys(numbers).join(', ')}, got ${JSON.stringify(name)}`,
  })
}

export async function runChild(
  lend: Lend | null,
  command: string,
  args: readonly string[],
  { timeoutMs, input, ...options }: RunOptions,
): Promise<RunResult> {
  const startedMs = performance.now()
  const child = spawnChild(lend, command, args, { ...options, stdio: 'pipe' })
  const exit = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const output = Promise.all([textOf(child.stdout), textOf(child.stderr)])
  child.stdin?.on('error', () => {}) // a child need not read
  child.stdin?.end(input)
  let timedOut = false
  const kill = (): void => {
    timedOut = child.kill('SIGKILL')
  }
  const timer = timeoutMs === undefined ? undefined : setTimeout(kill, timeoutMs)
  try {
    const [[exitCode, signal], [stdout, stderr]] = await Promise.all([exit, output])
    const durationMs = performance.now() - startedMs
    return { exitCode, signal, stdout, stderr, timedOut, durationMs }
  } finally {
    clearTimeout(timer)
  }
}

function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  return stream ? text(stream) : Promise.resolve('')
}
