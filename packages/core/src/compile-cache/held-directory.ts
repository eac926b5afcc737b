import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
  type Dirent,
  type Stats,
} from 'node:fs'

const { O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants

const MAX_READ_BYTES = 64 * 1024

/**
 * A directory that others write to whom nobody trusts. It is held by a descriptor: a link that takes its place meanwhile
 * leads nowhere else, nor does one inside. What the system refuses is answered as if it were not there.
 */
export class HeldDirectory {
  readonly #fd: number

  private constructor(fd: number) {
    this.#fd = fd
  }

  static open(path: string): HeldDirectory | undefined {
    const fd = attempt(() => openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
    return fd === undefined ? undefined : new HeldDirectory(fd)
  }

  openChild(name: string): HeldDirectory | undefined {
    return HeldDirectory.open(this.#path(name))
  }

  close(): void {
    closeSync(this.#fd)
  }

  list(): Dirent[] {
    return attempt(() => readdirSync(this.#path('.'), { withFileTypes: true })) ?? []
  }

  /** When an entry last came, went or changed its name. */
  changedNs(): bigint {
    return fstatSync(this.#fd, { bigint: true }).mtimeNs
  }

  statsOf(name: string): Stats | undefined {
    return attempt(() => lstatSync(this.#path(name)))
  }

  /** Says whether it is gone, whoever removed it. */
  remove(name: string): boolean {
    const remove = (): boolean => {
      rmSync(this.#path(name), { force: true })
      return true
    }
    return attempt(remove) ?? false
  }

  /** The beginning of a file. Nobody waits for a pipe. */
  read(name: string): string | undefined {
    return this.#use(name, O_RDONLY, (fd) => {
      const buffer = Buffer.alloc(MAX_READ_BYTES)
      return buffer.toString('utf8', 0, readSync(fd, buffer))
    })
  }

  write(name: string, text: string): void {
    this.#use(name, O_WRONLY | O_CREAT | O_TRUNC, (fd) => writeSync(fd, text))
  }

  #use<Result>(name: string, flags: number, use: (fd: number) => Result): Result | undefined {
    const fd = attempt(() => openSync(this.#path(name), flags | O_NOFOLLOW | O_NONBLOCK))
    if (fd === undefined) return undefined
    try {
      return attempt(() => use(fd))
    } finally {
      closeSync(fd)
    }
  }

  #path(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`
  }
}

function attempt<Result>(action: () => Result): Result | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}
