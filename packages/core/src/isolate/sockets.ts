import type { Roots } from '../control/roots.ts'
import type { Command } from '../control/socket.ts'
import { decodeBytes } from '../paths/bytes.ts'

/** proc_net_unix(5): a path is the last column; an abstract name begins with `@`. */
const PATH = /^(?:\S+\s+){7}(\/.*)$/

/**
 * An overlay's inode is not the one that a socket is bound to, so nobody would answer at its path: the sockets of this
 * network are bound as they are.
 */
export function socketSteps(roots: Roots): Command[] {
  return boundPaths(roots.readSockets()).map((path): Command => [
    'bind',
    `root${path}`,
    path,
    'present,file,optional',
  ])
}

/** Each once: a connection has the path of its listener. A character of the table is a byte. */
export function boundPaths(table: string): string[] {
  const paths = table
    .split('\n')
    .flatMap((line) => PATH.exec(line)?.[1] ?? [])
    .map((bytes) => decodeBytes(Buffer.from(bytes, 'latin1')))
  return [...new Set(paths)]
}
