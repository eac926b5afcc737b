import {
  accessSync,
  constants,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
} from 'node:fs'
import { decodeBytes, fsPath } from '../paths/bytes.ts'
import type { HostFiles, HostNode } from './types.ts'

/** This machine's files, each path asked once. */
export function createHostFiles(): HostFiles {
  const nodes = new Map<string, HostNode | undefined>()
  const lists = new Map<string, readonly string[]>()
  return {
    node: (path) => remember(nodes, path, readNode),
    list: (path) => remember(lists, path, readList),
    text: readText,
  }
}

function remember<Value>(
  known: Map<string, Value>,
  path: string,
  read: (path: string) => Value,
): Value {
  const remembered = known.get(path)
  if (remembered !== undefined || known.has(path)) return remembered as Value
  const value = read(path)
  known.set(path, value)
  return value
}

function readNode(path: string): HostNode | undefined {
  try {
    const stats = lstatSync(fsPath(path), { throwIfNoEntry: false })
    return stats && describe(path, stats)
  } catch {
    // A dead FUSE mount (ENOTCONN) or a parent that may not be searched (EACCES): it is there, but not for us.
    return {
      type: 'other',
      mode: 0,
      uid: -1,
      gid: -1,
      sizeBytes: 0,
      readable: false,
      writable: false,
    }
  }
}

function describe(path: string, stats: Stats): HostNode {
  const type = typeOf(stats)
  const common = {
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    sizeBytes: stats.size,
  }
  if (type === 'symlink') {
    const target = decodeBytes(readlinkSync(fsPath(path), 'buffer'))
    return { ...common, type, target, readable: true, writable: true }
  }
  const read = type === 'dir' ? constants.R_OK | constants.X_OK : constants.R_OK
  return { ...common, type, readable: may(path, read), writable: may(path, constants.W_OK) }
}

function typeOf(stats: Stats): HostNode['type'] {
  if (stats.isDirectory()) return 'dir'
  if (stats.isFile()) return 'file'
  if (stats.isSymbolicLink()) return 'symlink'
  return stats.isSocket() ? 'socket' : 'other'
}

function may(path: string, access: number): boolean {
  try {
    accessSync(fsPath(path), access)
    return true
  } catch {
    return false
  }
}

function readList(path: string): string[] {
  try {
    return readdirSync(fsPath(path), { encoding: 'buffer' }).map(decodeBytes)
  } catch {
    return []
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(fsPath(path), 'utf8')
  } catch {
    return undefined
  }
}
