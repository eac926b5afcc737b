import { closeSync, readFileSync } from 'node:fs'
import { errnoName } from '../errors/errno.ts'
import { NetnsError } from '../errors/netns-error.ts'
import type { Answer, BusyMount, Command, ControlSocket } from './socket.ts'
import { shared, type WorkerPlace } from './worker-place.ts'

/** The root that the worker began in. */
export const FILE_ROOT = 'file'

const closeDescriptor = closeSync

/** Which network a root comes with. `full`: as the file's; a list: of its services these ports; `none`: nothing is up. */
export type NetworkKind = 'inherit' | 'full' | 'none' | readonly number[]

export interface RootRequest {
  /** The root whose state it begins with. */
  readonly parent: string
  readonly steps: readonly Command[]
  readonly network: NetworkKind
  /** A root in which processes began that are to end before. */
  readonly ends?: EnteredRoot | undefined
  /** The parent changes no more while others stand on it, but for files that are open for writing. */
  readonly freeze: 'no' | 'yes'
}

interface Network {
  readonly fd: number
  readonly group: number
}

export interface EnteredRoot {
  readonly id: string
  readonly parent: string
  readonly network: Network | null
  /** The network before. */
  readonly networkBefore: Network | null
  readonly busy: readonly BusyMount[]
  /** It had been built before it was asked for. */
  readonly ahead: boolean
}

/** Where this process is: its root and its network. Every call moves all threads, or none. */
export class Roots {
  readonly #control: ControlSocket
  #lastId = 0
  #network: Network | null = null
  #home: number | undefined

  constructor(control: ControlSocket) {
    this.#control = control
  }

  static of(place: WorkerPlace): Roots {
    const { control } = place
    if (!control) throw new NetnsError('NETNS_NOT_IN_SANDBOX')
    return shared(place, 'roots', () => new Roots(control))
  }

  /** @throws NetnsError `NETNS_ISOLATE_FAILED`, `NETNS_ENOSPC`, `NETNS_THREADS_STUCK`; the process is where it was then */
  enter(request: RootRequest): EnteredRoot {
    const id = `r${++this.#lastId}`
    const networkBefore = this.#network
    const { parent } = request
    const answer = this.#enterRoot(id, request)
    try {
      const network = this.#enterNewNetwork(request.network)
      return { id, parent, network, networkBefore, busy: answer.busy, ahead: answer.ahead }
    } catch (error) {
      this.#control.ask(['return', request.parent], ['drop', id])
      throw error
    }
  }

  /**
   * Ends the processes that began since `first` was entered, and goes back to where it was entered from.
   *
   * @param others further roots that are no longer needed
   */
  leave(first: EnteredRoot, others: readonly string[]): Answer {
    const drops = [first.id, ...others].map((id): Command => ['drop', id])
    const answer = this.#control.ask(
      ['end', first.id],
      ['return', first.parent],
      ...drops,
      ...unlisten(first.network),
      ['spare', first.parent],
    )
    this.#enterNetwork(first.networkBefore)
    close(first.network)
    return answer
  }

  /** Ends the processes that began since the root was entered, and stays there. Returns how many there were. */
  endProcesses({ id }: EnteredRoot): number {
    return this.#control.ask(['end', id]).count
  }

  /** Takes down a root that the process has left, with its network, and builds the next one while nobody waits. */
  leaveBehind(left: EnteredRoot, parent: string): void {
    this.#control.ask(['drop', left.id], ...unlisten(left.network), ['spare', parent])
    close(left.network)
  }

  drop(ids: readonly string[]): void {
    if (ids.length > 0) this.#control.ask(...ids.map((id): Command => ['drop', id]))
  }

  /** One JSON object a line. */
  changes(id: string, base: string): string {
    const { fd } = this.#control.askForDescriptor(['changes', id, base])
    try {
      return readFileSync(fd, 'latin1')
    } finally {
      closeDescriptor(fd)
    }
  }

  /** Builds the next root on `parent` while nobody waits. */
  prepare(parent: string): void {
    this.#control.ask(['spare', parent])
  }

  /** Runs a function whose children have capabilities. */
  lending<Result>(capabilities: number, run: () => Result): Result {
    const { threads } = this.#control
    const result = threads.lend(capabilities)
    try {
      if (result < 0)
        throw new NetnsError('NETNS_CAPABILITY_MISSING', { errno: errnoName(-result) })
      return run()
    } finally {
      threads.lend(0)
    }
  }

  #enterRoot(id: string, { parent, steps, freeze, ends }: RootRequest): Answer {
    const enter: Command = ['enter', id, parent, freeze === 'yes' ? 'freeze' : '-']
    return this.#control.ask(...(ends ? [['end', ends.id] as const] : []), enter, ...steps)
  }

  #enterNewNetwork(kind: NetworkKind): Network | null {
    if (kind === 'inherit') return null
    // Before the process has left the first one.
    this.#homeNetwork()
    const { fd, group } = this.#control.askForDescriptor(networkCommand(kind))
    const network = { fd, group }
    try {
      this.#enterNetwork(network)
      return network
    } catch (error) {
      closeDescriptor(fd)
      throw error
    }
  }

  #enterNetwork(network: Network | null): void {
    if (network === this.#network) return
    const before = this.#network?.fd ?? this.#homeNetwork()
    const result = this.#control.threads.enterNetwork(network?.fd ?? this.#homeNetwork())
    if (result < 0) {
      this.#control.threads.enterNetwork(before)
      throw new NetnsError('NETNS_THREADS_STUCK', {
        syscall: 'setns',
        errno: errnoName(-result),
      })
    }
    this.#network = network
  }

  #homeNetwork(): number {
    return (this.#home ??= this.#control.askForDescriptor(['home']).fd)
  }
}

function networkCommand(kind: 'full' | 'none' | readonly number[]): Command {
  return typeof kind === 'string' ? ['network', kind] : ['network', 'some', ...kind.map(String)]
}

function unlisten(network: Network | null): Command[] {
  return network === null ? [] : [['unlisten', String(network.group)]]
}

function close(network: Network | null): void {
  if (network) closeDescriptor(network.fd)
}
