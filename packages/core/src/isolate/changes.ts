import { decodeBytes } from '../paths/bytes.ts'

/** What kind of thing stands at a path. */
export type EntryKind = 'file' | 'directory' | 'symlink' | 'other'

/** A difference between two states of the file system. */
export interface Change {
  readonly type: 'created' | 'modified' | 'deleted'
  /** Absolute. Of a deleted directory only itself is listed, of a created one everything in it. */
  readonly path: string
  /** What stands there now, or stood there where it was deleted. */
  readonly kind: EntryKind
}

interface Difference {
  readonly path: string
  readonly now: EntryKind | 'none'
  readonly before: EntryKind | 'none'
}

/**
 * Reads PID 1's list, ordered by path. A file that was written again with the same bytes, mode and owner is no change.
 *
 * @param lines one JSON object a line, a character for each byte
 */
export function parseChanges(lines: string): Change[] {
  const changes = new Map<string, Change>()
  for (const line of lines.split('\n')) {
    if (line === '') continue
    const change = changeOf(JSON.parse(line) as Difference)
    changes.set(change.path, change)
  }
  return [...changes.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function changeOf({ path: bytes, now, before }: Difference): Change {
  const path = decodeBytes(Buffer.from(bytes, 'latin1'))
  if (now === 'none') return { type: 'deleted', path, kind: before as EntryKind }
  return { type: before === 'none' ? 'created' : 'modified', path, kind: now }
}
