import { closeSync, openSync, readSync } from 'node:fs'

// Tests may replace them.
const open = openSync
const read = readSync
const close = closeSync

const buffer = Buffer.alloc(64 * 1024)

/** Of a table the kernel gives a page of whole lines, none of them longer than the second figure here; other files at once. */
const PAGE_BYTES = 4096
const LONGEST_LINE_BYTES = 256

/** A file of /proc that is read again and again: to open it takes longer than to read it. Each character is a byte. */
export class ProcFile {
  readonly #fd: number

  /** @throws where there is no such file */
  constructor(path: string) {
    this.#fd = open(path, 'r')
  }

  /** From the beginning, without asking for the size, which is 0. */
  read(): string {
    let text = ''
    let length
    do {
      length = read(this.#fd, buffer, 0, buffer.length, text.length)
      text += buffer.toString('latin1', 0, length)
    } while (length > PAGE_BYTES - LONGEST_LINE_BYTES)
    return text
  }

  close(): void {
    try {
      close(this.#fd)
    } catch {
      // A test has closed what it did not open.
    }
  }
}

/** Empty where it cannot be read. */
export function readProc(path: string): string {
  let file: ProcFile | undefined
  try {
    file = new ProcFile(path)
    return file.read()
  } catch {
    return ''
  } finally {
    file?.close()
  }
}
