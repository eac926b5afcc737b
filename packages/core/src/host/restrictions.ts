import { readFileSync } from 'node:fs'
import { release } from 'node:os'

/** What on a machine can refuse user namespaces. `null`: the setting does not exist here. */
export interface Restrictions {
  /** kernel.apparmor_restrict_unprivileged_userns (Ubuntu 23.10 and later). */
  readonly apparmorRestricts: number | null
  /** user.max_user_namespaces */
  readonly maxUserNamespaces: number | null
  /** kernel.unprivileged_userns_clone (Debian's patch). */
  readonly unprivilegedClone: number | null
  /** A seccomp filter is on this process, as in Docker. */
  readonly hasSeccompFilter: boolean
  readonly kernelRelease: string
  readonly isRoot: boolean
}

export function readRestrictions(): Restrictions {
  return {
    apparmorRestricts: readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
    maxUserNamespaces: readNumber('/proc/sys/user/max_user_namespaces'),
    unprivilegedClone: readNumber('/proc/sys/kernel/unprivileged_userns_clone'),
    hasSeccompFilter: /^Seccomp:\s*2/m.test(readText('/proc/self/status') ?? ''),
    kernelRelease: release(),
    isRoot: process.geteuid?.() === 0,
  }
}

function readNumber(path: string): number | null {
  const text = readText(path)
  return text === null ? null : Number.parseInt(text, 10)
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return null
  }
}
