import { decodeBytes } from '../paths/bytes.ts'
import { isBelow } from '../paths/paths.ts'
import type { Mount } from './types.ts'

/** The kernel appends this to a mount point whose directory was removed (seq_path_root). */
const DELETED = '//deleted'

/** Parses the bytes of /proc/self/mountinfo. */
export function parseMountinfo(bytes: Buffer): Mount[] {
  return bytes
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine)
    .filter((mount) => !mount.mountPoint.endsWith(DELETED))
}

function parseLine(line: string): Mount {
  const fields = line.split(' ')
  // Optional fields (shared:1 master:2 …) end at a field that is a single hyphen.
  const separator = fields.indexOf('-', 6)
  const [fsType = '', source = '', superOptions = ''] = fields.slice(separator + 1)
  return {
    id: Number(fields[0]),
    parentId: Number(fields[1]),
    root: unescape(fields[3] ?? ''),
    mountPoint: unescape(fields[4] ?? ''),
    options: (fields[5] ?? '').split(','),
    fsType,
    source: unescape(source),
    superOptions: superOptions.split(','),
  }
}

/** Space, tab, newline, backslash and `#` are written as octal numbers. */
function unescape(field: string): string {
  const raw = field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  )
  return decodeBytes(Buffer.from(raw, 'latin1'))
}

/**
 * The mounts that a path can reach, parents first: a mount on top of another's root hides it, and a mount on a
 * directory hides the mounts that were made below that directory before.
 */
export function visibleMounts(mounts: readonly Mount[]): Mount[] {
  const ids = new Set(mounts.map((mount) => mount.id))
  const childrenOf = new Map<number, Mount[]>()
  for (const mount of mounts)
    childrenOf.set(mount.parentId, [...(childrenOf.get(mount.parentId) ?? []), mount])
  const visible = (mount: Mount): Mount[] => {
    const children = (childrenOf.get(mount.id) ?? []).filter((other) => other !== mount)
    const onTop = children.find((other) => other.mountPoint === mount.mountPoint)
    if (onTop) return visible(onTop)
    const reached = children.filter(
      (one) => !children.some((other) => isBelow(one.mountPoint, other.mountPoint)),
    )
    return [mount, ...reached.flatMap(visible)]
  }
  return mounts
    .filter((mount) => !ids.has(mount.parentId) || mount.parentId === mount.id)
    .flatMap(visible)
}
