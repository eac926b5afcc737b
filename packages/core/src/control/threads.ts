import { createRequire } from 'node:module'
import { NetnsError } from '../errors/netns-error.ts'

/** What only C can do for a running Node: netns-threads.so. */
export interface Threads {
  /** One answer of the control socket and the descriptor that came with it. */
  receive(socket: number): { readonly answer: Buffer; readonly fd: number }
  /**
   * Moves every thread of this process that can have sockets into a network namespace. Gives 0, an errno where nothing has
   * moved, or a negative errno where some may have.
   */
  enterNetwork(network: number): number
  /** The capabilities of the children that this thread starts, as a bit mask, until it is set to 0. */
  lend(capabilities: number): number
}

/** A thread that does not move within this time is stuck in the kernel. */
const THREAD_TIMEOUT_MS = 2000
const ANSWER_BYTES = 64 * 1024

let loaded: Threads | undefined

/** Loads koffi, which takes a few milliseconds: only for what needs it. Throws NetnsError NETNS_ISOLATE_FAILED. */
export function loadThreads(path: string): Threads {
  try {
    return (loaded ??= load(path))
  } catch (cause) {
    const { message } = cause as Error
    const isFull = /too many open files/i.test(message)
    throw new NetnsError('NETNS_ISOLATE_FAILED', {
      cause,
      stage: 'threads',
      detail: isFull
        ? `this process has no descriptor left to load ${path}`
        : `koffi could not load ${path}: ${message}`,
      hint: isFull
        ? 'Something in the tests opens files and does not close them.'
        : 'Install the packages again, with their optional dependencies.',
    })
  }
}

function load(path: string): Threads {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const library = koffi.load(path)
  const receive = library.func('int netns_receive(int, _Out_ uint8_t *, int, _Out_ int *)')
  const enterNetwork = library.func('int netns_enter_network(int, int)')
  const lend = library.func('int netns_lend(unsigned int)')
  // One for all answers, each of which is read before the next one is asked for.
  const answer = Buffer.alloc(ANSWER_BYTES)
  return {
    receive(socket) {
      const fd: [number] = [-1]
      const length = receive(socket, answer, answer.length, fd) as number
      if (length < 0) throw new Error(`recvmsg: errno ${-length}`)
      return { answer: answer.subarray(0, length), fd: fd[0] }
    },
    enterNetwork: (network) => enterNetwork(network, THREAD_TIMEOUT_MS) as number,
    lend: (capabilities) => lend(capabilities) as number,
  }
}
