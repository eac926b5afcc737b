import type { ChildProcess } from 'node:child_process'
import { NetnsError } from '../errors/netns-error.ts'
import type { Change } from './changes.ts'
import {
  runChild,
  spawnChild,
  type ChildOptions,
  type RunOptions,
  type RunResult,
} from './children.ts'
import type { Checkpoint, IsolatedSandbox, IsolateEnd } from './types.ts'

const NOTHING: IsolateEnd = {
  owner: null,
  endedProcesses: 0,
  leaks: [],
  openFiles: [],
  noRoute: null,
  enterMs: 0,
  kept: [],
}

let hasWarned = false

/** For `fallback: 'warn'` where there are no namespaces: a temporary directory and free ports, and nothing else. */
export async function fallbackSandbox(): Promise<IsolatedSandbox> {
  const { dir } = await import('tmp-promise')
  const { path, cleanup } = await dir({ prefix: 'netns-', unsafeCleanup: true })
  warnOnce()
  return new FallbackSandbox(path, cleanup)
}

function warnOnce(): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(
    "isolate() isolates nothing here (fallback: 'warn'): only sandbox.dir and sandbox.port() are the test's own",
    { type: 'NetnsWarning' },
  )
}

class FallbackSandbox implements IsolatedSandbox {
  readonly dir: string
  readonly #cleanup: () => Promise<void>
  readonly #children = new Set<ChildProcess>()
  #ended: Promise<IsolateEnd> | undefined

  constructor(dir: string, cleanup: () => Promise<void>) {
    this.dir = dir
    this.#cleanup = cleanup
  }

  async port(): Promise<number> {
    const { default: getPort } = await import('get-port')
    return getPort({ host: '127.0.0.1' })
  }

  changes(): Promise<Change[]> {
    return unavailable('changes()')
  }

  checkpoint(): Promise<Checkpoint> {
    return unavailable('checkpoint()')
  }

  restore(): Promise<void> {
    return unavailable('restore()')
  }

  run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    return runChild(null, command, args, options)
  }

  spawn(command: string, args: readonly string[] = [], options: ChildOptions = {}): ChildProcess {
    const child = spawnChild(null, command, args, options)
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  dispose(): Promise<IsolateEnd> {
    return (this.#ended ??= this.#endOnce())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose().then(() => {})
  }

  async #endOnce(): Promise<IsolateEnd> {
    const endedProcesses = this.#children.size
    for (const child of this.#children) child.kill('SIGKILL')
    await this.#cleanup()
    return { ...NOTHING, endedProcesses }
  }
}

async function unavailable(what: string): Promise<never> {
  throw new NetnsError('NETNS_NOT_IN_SANDBOX', {
    title: `sandbox.${what} needs a sandbox`,
    hint: "Run this test on Linux with namespaces; here fallback: 'warn' gives sandbox.dir and sandbox.port() only.",
  })
}
