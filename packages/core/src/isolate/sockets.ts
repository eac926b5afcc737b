import { readFileSync } from 'node:fs'
import type { Command } from '../control/socket.ts'

/** proc_net_unix(5): a path is the last column; an abstract name begins with `@`. */
const PATH = /^(?:\S+\s+){7}(\/.*)$/

/**
 * An overlay's inode is not the one that a socket is bound to, so nobody would answer at its path: the sockets of this
 * network are bound as they are.
 */
export function socketSteps(): Command[] {
  return boundPaths(readFileSync('/proc/net/unix', 'latin1')).map((path): Command => [
    'bind',
    `root${path}`,
    path,
    'present,file,optional',
  ])
}

/** Each once: a connection has the path of its listener. */
export function boundPaths(table: string): string[] {
  const paths = table.split('\n').flatMap((line) => PATH.exec(line)?.[1] ?? [])
  return [...new Set(paths)]
}
