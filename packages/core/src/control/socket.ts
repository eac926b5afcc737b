import { readSync, writeSync } from 'node:fs'
import { errnoName } from '../errors/errno.ts'
import type { Failure } from '../errors/explain-failure.ts'
import { NetnsError } from '../errors/netns-error.ts'
import { encodeRecords } from '../plan/encode.ts'
import { loadThreads, type Threads } from './threads.ts'

/** A verb of the control socket, or a step of a root, with its arguments. */
export type Command = readonly [name: string, ...args: string[]]

/** A mount whose files are open for writing. `mountId` is that of fdinfo(5). */
export interface BusyMount {
  readonly mountId: number
  readonly path: string
}

export interface Answer {
  /** Processes that were ended. */
  readonly count: number
  /** The listeners of a network. */
  readonly group: number
  readonly busy: readonly BusyMount[]
}

type Reply = ({ readonly ok: true } & Answer) | ({ readonly ok: false } & Failure)

// Tests may replace these.
const read = readSync
const write = writeSync
const ANSWER_BYTES = 64 * 1024

/** Asks PID 1, and waits: there is one request at a time, and its answer takes less than a turn of the event loop. */
export class ControlSocket {
  readonly #fd: number
  readonly #threadsPath: string
  readonly #buffer = Buffer.alloc(ANSWER_BYTES)

  constructor(fd: number, threadsPath: string) {
    this.#fd = fd
    this.#threadsPath = threadsPath
  }

  get threads(): Threads {
    return loadThreads(this.#threadsPath)
  }

  /** @throws NetnsError `NETNS_ISOLATE_FAILED` with the step that failed; then nothing has changed */
  ask(...commands: Command[]): Answer {
    this.#send(commands)
    return parse(this.#buffer.subarray(0, this.#receive()))
  }

  /** The same where the answer brings a descriptor, which is the caller's to close. */
  askForDescriptor(...commands: Command[]): Answer & { readonly fd: number } {
    const { threads } = this
    this.#send(commands)
    const { answer, fd } = threads.receive(this.#fd)
    return { ...parse(answer), fd }
  }

  #send(commands: Command[]): void {
    try {
      write(this.#fd, encodeRecords(commands))
    } catch (cause) {
      throw gone(cause)
    }
  }

  #receive(): number {
    try {
      return read(this.#fd, this.#buffer)
    } catch (cause) {
      throw gone(cause)
    }
  }
}

function parse(text: Buffer): Answer {
  if (text.length === 0) throw gone(undefined)
  const reply = JSON.parse(text.toString('utf8')) as Reply
  if (reply.ok) return reply
  const { stage, syscall, path, message } = reply
  const errno = errnoName(reply.errno)
  const isFull = errno === 'ENOSPC' || errno === 'ENOMEM'
  throw new NetnsError(isFull ? 'NETNS_ENOSPC' : 'NETNS_ISOLATE_FAILED', {
    stage,
    syscall,
    path,
    errno,
    detail: `stage ${stage}, ${syscall} ${JSON.stringify(path)}: ${errno}, ${message}`,
  })
}

function gone(cause: unknown): NetnsError {
  return new NetnsError('NETNS_ISOLATE_FAILED', {
    stage: 'control',
    ...(cause === undefined ? {} : { cause }),
    detail: 'the control socket of this worker is closed',
    hint: 'Something in the test closed descriptors that it did not open; look for a loop over fs.closeSync.',
  })
}
