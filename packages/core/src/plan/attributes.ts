import type { HostFacts, HostNode } from '../host/types.ts'

/** Mode, owner and group as steps take them. */
export interface Attributes {
  readonly mode: string
  readonly uid: string
  readonly gid: string
}

/** Leaves the owner as PID 1 makes it: the user. */
export function ownAttributes(mode: number): Attributes {
  return { mode: mode.toString(8), uid: '-', gid: '-' }
}

/** What an id that the user namespace does not map looks like (/proc/sys/kernel/overflowuid). */
const OVERFLOW_ID = 65534

/** The sandbox's user namespace maps this uid, so files can belong to it. */
export function isMappedUid(host: HostFacts, uid: number): boolean {
  return host.mapsRanges ? host.hasAllIds || uid !== OVERFLOW_ID : uid === host.uid
}

export function isMappedGid(host: HostFacts, gid: number): boolean {
  return host.mapsRanges ? host.hasAllIds || gid !== OVERFLOW_ID : gid === host.gid
}

/**
 * Attributes of a directory that stands for a host directory: the root of an overlay shows those of its upper
 * directory. Where the owner is not mapped it becomes the user, who must not gain a right by it.
 */
export function standInAttributes(host: HostFacts, node: HostNode): Attributes {
  const owned = isMappedUid(host, node.uid)
  return {
    mode: (owned ? node.mode : effectiveMode(node)).toString(8),
    uid: owned && node.uid !== host.uid ? String(node.uid) : '-',
    gid: isMappedGid(host, node.gid) && node.gid !== host.gid ? String(node.gid) : '-',
  }
}

/** The owner's bits become what the user may do now. */
function effectiveMode(node: HostNode): number {
  const ownerBits = (node.readable ? 0o500 : 0) | (node.writable ? 0o200 : 0)
  return (node.mode & 0o7000) | ownerBits | (node.mode & (node.writable ? 0o077 : 0o055))
}
