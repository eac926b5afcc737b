import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { Roots, type EnteredRoot } from '../control/roots.ts'
import type { TestOwner, WorkerPlace } from '../control/worker-place.ts'
import { NetnsError } from '../errors/netns-error.ts'
import type { WrittenFile } from '../file-sandboxes/types.ts'
import { writtenFiles } from '../file-sandboxes/written-files.ts'
import { openScope } from '../handles/scope.ts'
import type { HandleScope, Leak } from '../handles/types.ts'
import { parseChanges, type Change } from './changes.ts'
import {
  runChild,
  spawnChild,
  type ChildOptions,
  type Lend,
  type RunOptions,
  type RunResult,
} from './children.ts'
import { noRouteHere } from './network-use.ts'
import type { OpenFile } from './open-files.ts'
import { IsolateQueue } from './queue.ts'
import { Turnstile } from './turnstile.ts'
import { goTo } from './working-directory.ts'
import type { Checkpoint, IsolatedSandbox, IsolateEnd } from './types.ts'

/** The kernel's limit of directories in one overlay (OVL_MAX_STACK) comes as EINVAL. */
const LIMIT_ERRNOS = ['EINVAL', 'E2BIG']
const MANY_LAYERS = 100

export interface Opening {
  readonly place: WorkerPlace
  readonly first: EnteredRoot
  readonly openFiles: readonly OpenFile[]
  readonly enterMs: number
  readonly owner: TestOwner | undefined
  /** The working directory before. */
  readonly cwd: string
  /** It is outermost, so that what it wrote leaves the sandbox of the file with it. */
  readonly isOutermost: boolean
  /** A fixture or a hook of the runner opened it: all of the test runs in it. */
  readonly isOfTest: boolean
  readonly onDispose: (sandbox: ActiveSandbox) => void
}

/** A sandbox that this process is in. */
export class ActiveSandbox implements IsolatedSandbox {
  readonly owner: TestOwner | undefined
  readonly isOfTest: boolean
  /** Those inside it wait for each other. */
  readonly nested = new Turnstile()
  readonly #opening: Opening
  readonly #roots: Roots
  readonly #handles: HandleScope = openScope()
  /** From the first root on; each stands on one before it. */
  readonly #entered: EnteredRoot[]
  #present: EnteredRoot
  #dir: string | undefined
  #end: IsolateEnd | undefined

  constructor(opening: Opening) {
    this.#opening = opening
    this.owner = opening.owner
    this.isOfTest = opening.isOfTest
    this.#roots = Roots.of(opening.place)
    this.#entered = [opening.first]
    this.#present = opening.first
  }

  /** The root that a nested sandbox stands on. */
  get rootId(): string {
    return this.#present.id
  }

  get dir(): string {
    this.#refuseAfterEnd()
    return (this.#dir ??= mkdtempSync(join(tmpdir(), 'netns-')))
  }

  async port(): Promise<number> {
    this.#refuseAfterEnd()
    const { default: getPort } = await import('get-port')
    return getPort({ host: '127.0.0.1' })
  }

  async changes(): Promise<Change[]> {
    this.#refuseAfterEnd()
    return parseChanges(this.#roots.changes(this.#present.id, this.#opening.first.parent))
  }

  async checkpoint(): Promise<Checkpoint> {
    this.#refuseAfterEnd()
    const { id } = this.#present
    this.#branchOff(id, 'yes')
    return { id }
  }

  async restore({ id }: Checkpoint): Promise<void> {
    this.#refuseAfterEnd()
    if (!this.#entered.some((root) => root.id === id) || id === this.#present.id)
      throw new NetnsError('NETNS_ISOLATE_FAILED', {
        detail: 'the checkpoint belongs to another sandbox',
        hint: 'Restore checkpoints in the sandbox that made them.',
      })
    const left = this.#present
    this.#branchOff(id, 'no')
    this.#entered.splice(this.#entered.indexOf(left), 1)
    this.#roots.drop([left.id])
  }

  run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<RunResult> {
    this.#refuseAfterEnd()
    return runChild(this.#lend, command, args, options)
  }

  spawn(command: string, args: readonly string[] = [], options: ChildOptions = {}): ChildProcess {
    this.#refuseAfterEnd()
    return spawnChild(this.#lend, command, args, options)
  }

  async dispose(): Promise<IsolateEnd> {
    const end = this.endNow()
    // Node hears of the end of children and handles in the next turns.
    if (end.leaks.length > 0 || end.endedProcesses > 0) await this.#handles.settled()
    return end
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose().then(() => {})
  }

  /** Everything that must be done before another one begins, in one turn of the event loop. */
  endNow(): IsolateEnd {
    if (this.#end) return this.#end
    const { place, first, openFiles, enterMs, onDispose, cwd } = this.#opening
    IsolateQueue.of(place).endNested(this)
    const leaks: Leak[] = this.#handles.close()
    const kept = this.#keptFiles()
    const noRoute = first.network ? noRouteHere() : null
    const others = this.#entered.slice(1).map(({ id }) => id)
    const owner = this.owner?.name ?? null
    this.#end = { owner, endedProcesses: 0, leaks, openFiles, noRoute, enterMs, kept }
    try {
      const { count } = this.#roots.leave(first, others)
      this.#end = { ...this.#end, endedProcesses: count }
      goTo(cwd)
    } finally {
      // Also where the kernel refuses: the next one must not wait for ever.
      onDispose(this)
    }
    return this.#end
  }

  #keptFiles(): readonly WrittenFile[] {
    const { place, isOutermost, first } = this.#opening
    if (!place.keep || !isOutermost) return []
    return writtenFiles(this.#roots.changes(this.#present.id, first.parent), place.keep)
  }

  readonly #lend: Lend = (capabilities, run) => this.#roots.lending(capabilities, run)

  #branchOff(parent: string, freeze: 'yes' | 'no'): void {
    const cwd = process.cwd()
    try {
      this.#present = this.#roots.enter({ parent, steps: [], network: 'inherit', freeze })
    } catch (error) {
      throw this.#limitOf(error)
    }
    this.#entered.push(this.#present)
    goTo(cwd)
  }

  #limitOf(error: unknown): unknown {
    const { errno, syscall } = error as Partial<NetnsError>
    const layers = this.#entered.length
    if (syscall !== 'fsconfig' || layers < MANY_LAYERS || !LIMIT_ERRNOS.includes(errno ?? ''))
      return error
    return new NetnsError('NETNS_LAYER_LIMIT', {
      cause: error,
      detail: `${layers} layers are in use`,
    })
  }

  #refuseAfterEnd(): void {
    if (this.#end) throw new NetnsError('NETNS_ISOLATE_DISPOSED')
  }
}
