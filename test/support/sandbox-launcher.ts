import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import type { Readable, Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { encodePlan, type Step } from '@netns/core'

/** The launcher that the tests start: the built one, or the one with sanitizers. */
export const launcherPath =
  process.env['NETNS_LAUNCHER'] ??
  fileURLToPath(new URL('../../packages/launcher-linux-x64/bin/netns-launcher', import.meta.url))

/** For launchers under strace: the leak checker of the sanitizer build cannot trace as well. */
export const withoutLeakCheck = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' }

/** One line that the launcher wrote. */
export interface LauncherEvent {
  readonly event: string
  readonly [key: string]: unknown
}

export interface LauncherRequest {
  readonly steps: readonly Step[]
  readonly command: readonly string[]
  /** Programs put before the launcher, as in `strace … netns-launcher`. */
  readonly before?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** From descriptor 4 on; 3 is the channel. */
  readonly moreStdio?: readonly ('pipe' | number)[]
  readonly keepFds?: readonly number[]
  readonly stdin?: 'pipe' | 'ignore'
}

export interface Ending {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running launcher: what it reported so far, and how to talk to it. */
export class Launcher implements AsyncDisposable {
  readonly process: ChildProcess
  readonly events: LauncherEvent[] = []
  readonly ending: Promise<Ending>
  readonly stdout: Promise<string>
  readonly stderr: Promise<string>
  readonly channel: Duplex
  readonly #arrivals = new EventEmitter()
  readonly #closed: Promise<void>

  constructor(process: ChildProcess, plan: Buffer) {
    this.process = process
    this.channel = process.stdio[3] as Duplex
    this.stdout = text(process.stdout as Readable)
    this.stderr = text(process.stderr as Readable)
    // A launcher that ends before it has read the plan resets the channel; its ending tells why.
    this.channel.on('error', () => {})
    this.#closed = new Promise((resolve) => this.channel.on('close', () => resolve()))
    const channelEnd = this.#readEvents()
    this.ending = (async () => {
      const [exitCode, signal] = await once(process, 'exit')
      await channelEnd
      return { exitCode, signal }
    })()
    this.channel.write(plan)
  }

  async #readEvents(): Promise<void> {
    let rest = ''
    this.channel.setEncoding('latin1')
    this.channel.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) this.#take(JSON.parse(line, decodeBytes) as LauncherEvent)
    })
    await this.#closed
  }

  #take(event: LauncherEvent): void {
    this.events.push(event)
    this.#arrivals.emit('event')
  }

  /** The first event of that name, also when it has come already. */
  async event(name: string): Promise<LauncherEvent> {
    for (;;) {
      const found = this.events.find((event) => event.event === name)
      if (found) return found
      if (this.channel.closed) throw new Error(`no ${name} event; ${await this.describe()}`)
      await Promise.race([once(this.#arrivals, 'event'), this.#closed])
    }
  }

  /** The event after that many. */
  async nextEvent(count: number): Promise<LauncherEvent> {
    while (this.events.length <= count) {
      if (this.channel.closed) throw new Error(`no further event; ${await this.describe()}`)
      await Promise.race([once(this.#arrivals, 'event'), this.#closed])
    }
    return this.events[count] as LauncherEvent
  }

  /** The first line of the worker's standard output. */
  async firstLine(): Promise<string> {
    const stdout = this.process.stdout as Readable
    let all = ''
    for (;;) {
      const [chunk] = await Promise.race([once(stdout, 'data'), once(stdout, 'end')])
      if (chunk === undefined) throw new Error(`no line; ${await this.describe()}`)
      all += String(chunk)
      if (all.includes('\n')) return all.slice(0, all.indexOf('\n'))
    }
  }

  async describe(): Promise<string> {
    const ending = JSON.stringify(await this.ending)
    return `ended ${ending}, events ${JSON.stringify(this.events)}, stderr ${await this.stderr}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ending
  }
}

/** Strings of an event are bytes that were read as latin1. */
function decodeBytes(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? Buffer.from(value, 'latin1').toString() : value
}

/** Starts the launcher with a plan on its channel. */
export function startLauncher(request: LauncherRequest): Launcher {
  return startWithPlan(request, encodePlan(request))
}

/** As {@link startLauncher}, with the plan's bytes as they are. */
export function startWithPlan(request: LauncherRequest, plan: Buffer): Launcher {
  const { before = [], keepFds = [], moreStdio = [], env, cwd, stdin = 'ignore' } = request
  const keep = keepFds.flatMap((fd) => ['--keep-fd', String(fd)])
  const line = [...before, launcherPath, '--channel-fd', '3', ...keep, '--', ...request.command]
  const stdio: StdioOptions = [stdin, 'pipe', 'pipe', 'pipe', ...moreStdio]
  const [file = '', ...args] = line
  return new Launcher(spawn(file, args, { stdio, ...(env && { env }), ...(cwd && { cwd }) }), plan)
}

/** Runs a command to its end. */
export async function runLauncher(request: LauncherRequest) {
  await using launcher = startLauncher(request)
  const [ending, stdout, stderr] = await Promise.all([
    launcher.ending,
    launcher.stdout,
    launcher.stderr,
  ])
  return { ...ending, events: launcher.events, stdout, stderr }
}
