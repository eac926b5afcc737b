/** Which namespaces of the current process are not the host's. */
export interface SandboxInfo {
  readonly inside: boolean
  readonly mountNamespace: boolean
  readonly networkNamespace: boolean
}

/** Name of the variable that carries {@link hostNamespaces} into a sandbox. */
export const HOST_NAMESPACES_VARIABLE = 'NETNS_HOST_NS'

/** The current process's namespaces as the value for {@link HOST_NAMESPACES_VARIABLE}; call it on the host. */
export function hostNamespaces(): string {
  return ''
}

/** Compares the namespaces of this process with those of the host that started the sandbox. */
export function sandboxInfo(): SandboxInfo {
  return { inside: false, mountNamespace: false, networkNamespace: false }
}

/** This process runs in a sandbox of netns: its mount namespace is not the host's. */
export function isInsideSandbox(): boolean {
  return sandboxInfo().inside
}
