import { closeSync, readFileSync } from 'node:fs'
import { errnoName } from '../errors/errno.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { ProcFile, readProc } from './proc-file.ts'
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
  /** The root that the process is in and leaves for good, with its network and the processes that began there. */
  readonly leaves?: EnteredRoot | undefined
  /** With `full`: nobody has used the network that is left. It serves again, unless its settings were changed. */
  readonly isUnused?: boolean
  /** The root that is left serves again where nobody has changed anything in it. */
  readonly mayStay?: boolean
  /** Another one on the same parent will follow: it is made ready while nobody waits. */
  readonly expectsNext?: boolean
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
}

/** Where this process is: its root and its network. Every call moves all threads, or none. */
export class Roots {
  readonly #control: ControlSocket
  #lastId = 0
  #network: Network | null = null
  #home: number | undefined
  /** It would keep a network alive that was left. */
  #sockets: ProcFile | undefined
  #load: ProcFile | undefined
  /** A thread that was left behind is not looked for again. */
  #stuck: NetnsError | undefined

  constructor(control: ControlSocket) {
    this.#control = control
  }

  static of(place: WorkerPlace): Roots {
    const { control } = place
    if (!control) throw new NetnsError('NETNS_NOT_IN_SANDBOX')
    return shared(place, 'roots', () => new Roots(control))
  }

  /**
   * @throws NetnsError `NETNS_ISOLATE_FAILED`, `NETNS_ENOSPC`, `NETNS_THREADS_STUCK`; the process is where it was then, with
   *   `leaves` possibly in the parent
   */
  enter(request: RootRequest): EnteredRoot {
    const id = `r${++this.#lastId}`
    const networkBefore = this.#network
    const { parent, leaves } = request
    if (this.#stuck && request.network !== 'inherit') throw this.#stuck
    const { network, ...answer } = this.#ask(id, request)
    try {
      if (network) requireDescriptor(network)
      if (network) this.#enterNetwork(network)
    } catch (error) {
      close(network)
      this.#control.ask(['return', parent], ['drop', id], ...unlisten(network))
      throw error
    }
    if (leaves && leaves.network !== network) close(leaves.network)
    return { id, parent, network, networkBefore, busy: answer.busy }
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

  /** The last field of proc_loadavg(5): the pid of the newest process or thread. Empty where it cannot be read. */
  newestProcess(): string {
    try {
      return /(\d+)\n$/.exec((this.#load ??= new ProcFile('/proc/loadavg')).read())?.[1] ?? ''
    } catch {
      this.#load = undefined
      return ''
    }
  }

  drop(ids: readonly string[]): void {
    if (ids.length > 0) this.#control.ask(...ids.map((id): Command => ['drop', id]))
  }

  /** The Unix sockets of the present network, as proc_net_unix(5) lists them. */
  readSockets(): string {
    try {
      return (this.#sockets ??= new ProcFile('/proc/net/unix')).read()
    } catch {
      // A test has closed what it did not open, or sees no /proc.
      this.#sockets = undefined
      return readProc('/proc/net/unix')
    }
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

  /** One question: each answer costs a change of processes. */
  #ask(id: string, request: RootRequest): Answer & { readonly network: Network | null } {
    const { parent, steps, network, leaves } = request
    const enter: Command = ['enter', id, parent, flagsOf(request)]
    const before: Command[] = leaves ? [['end', leaves.id]] : []
    const after: Command[] = [
      ...unlisten(leaves?.network ?? null),
      ...(request.expectsNext ? [['spare', parent] satisfies Command] : []),
    ]
    if (network === 'inherit')
      return { ...this.#control.ask(...before, enter, ...steps, ...after), network: null }
    // Before the process has left the first one.
    this.#homeNetwork()
    const made = networkCommand(request)
    const answer = this.#control.askForDescriptor(...before, made, enter, ...steps, ...after)
    const { fd, group } = answer
    const left = leaves?.network
    return { ...answer, network: fd < 0 && left?.group === group ? left : { fd, group } }
  }

  #enterNetwork(network: Network | null): void {
    if (network === this.#network) return
    this.#sockets?.close()
    this.#sockets = undefined
    const before = this.#network?.fd ?? this.#homeNetwork()
    const result = this.#control.threads.enterNetwork(network?.fd ?? this.#homeNetwork())
    if (result > 0) throw noDescriptor('open', errnoName(result))
    if (result < 0) {
      this.#control.threads.enterNetwork(before)
      this.#stuck = new NetnsError('NETNS_THREADS_STUCK', {
        syscall: 'setns',
        errno: errnoName(-result),
      })
      throw this.#stuck
    }
    this.#network = network
  }

  #homeNetwork(): number {
    if (this.#home !== undefined) return this.#home
    const home = this.#control.askForDescriptor(['home'])
    requireDescriptor(home)
    return (this.#home = home.fd)
  }
}

function flagsOf({ freeze, leaves, mayStay }: RootRequest): string {
  const flags = [
    ...(freeze === 'yes' ? ['freeze'] : []),
    ...(leaves ? ['leaves'] : []),
    ...(leaves && mayStay ? ['may-stay'] : []),
  ]
  return flags.join() || '-'
}

/** A file's says what became of the network before: its group where it may serve again. */
function networkCommand({ network, isUnused, leaves }: RootRequest): Command {
  if (typeof network !== 'string') return ['network', 'some', ...network.map(String)]
  if (isUnused === undefined) return ['network', network]
  const before = leaves?.network?.group
  if (before === undefined) return ['network', network, 'first']
  return ['network', network, isUnused ? String(before) : 'used']
}

function unlisten(network: Network | null): Command[] {
  return network === null ? [] : [['unlisten', String(network.group)]]
}

/** The kernel drops one for which the process has no number left. */
function requireDescriptor({ fd }: Pick<Network, 'fd'>): void {
  if (fd < 0) throw noDescriptor('recvmsg', 'EMFILE')
}

function noDescriptor(syscall: string, errno: string): NetnsError {
  return new NetnsError('NETNS_ISOLATE_FAILED', {
    stage: 'network',
    syscall,
    errno,
    detail: 'this process has no descriptor left for a network',
    hint: 'Something in the tests opens files and does not close them.',
  })
}

function close(network: Network | null): void {
  if (network && network.fd >= 0) closeDescriptor(network.fd)
}
