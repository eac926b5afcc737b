import { statSync } from 'node:fs'

/** Which namespaces of the current process are not the host's. */
export interface SandboxInfo {
  /** The mount namespace is not the host's. */
  readonly inside: boolean
  /** The network namespace is not the host's; false inside too where the user set `net: 'host'`. */
  readonly ownNetwork: boolean
}

/** Name of the variable that carries {@link hostNamespaces} into a sandbox. */
export const HOST_NAMESPACES_VARIABLE = 'NETNS_HOST_NS'

/** The namespaces of this process as the value of {@link HOST_NAMESPACES_VARIABLE}; to be called on the host. */
export function hostNamespaces(): string {
  return `mnt:${namespaceId('mnt')},net:${namespaceId('net')}`
}

/** The kernel names a namespace by the inode number of its file (namespaces(7)). */
function namespaceId(name: 'mnt' | 'net'): string {
  return String(statSync(`/proc/self/ns/${name}`, { bigint: true }).ino)
}

/**
 * Compares the namespaces of this process with those of the host that started it. A variable alone proves nothing:
 * the kernel is asked.
 */
export function sandboxInfo(
  env: Readonly<Record<string, string | undefined>> = process.env,
): SandboxInfo {
  const host = /^mnt:(\d+),net:(\d+)$/.exec(env[HOST_NAMESPACES_VARIABLE] ?? '')
  if (!host || process.platform !== 'linux') return { inside: false, ownNetwork: false }
  const inside = host[1] !== namespaceId('mnt')
  return { inside, ownNetwork: inside && host[2] !== namespaceId('net') }
}

/** This process runs in a sandbox of netns. */
export function isInsideSandbox(): boolean {
  return sandboxInfo().inside
}
