import { closeSync, openSync, readSync } from 'node:fs'

// Tests may replace them.
const open = openSync
const read = readSync
const close = closeSync

const buffer = Buffer.alloc(64 * 1024)

/**
 * A file of /proc as far as one page of it goes at a time, without asking for its size, which is 0. Each character is a
 * byte. Empty where it cannot be read.
 */
export function readProc(path: string): string {
  let fd
  try {
    fd = open(path, 'r')
    let text = ''
    for (let length = read(fd, buffer); length > 0; length = read(fd, buffer))
      text += buffer.toString('latin1', 0, length)
    return text
  } catch {
    return ''
  } finally {
    if (fd !== undefined) close(fd)
  }
}
