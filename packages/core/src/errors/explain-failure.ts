import { isOlderKernel } from '../host/kernel-version.ts'
import type { Restrictions } from '../host/restrictions.ts'
import type { NetnsErrorCode } from './catalogue.ts'
import { errnoName } from './errno.ts'
import { NetnsError } from './netns-error.ts'

/** What the launcher reports about a step that failed. */
export interface Failure {
  readonly stage: string
  readonly syscall: string
  readonly path: string
  readonly errno: number
  readonly message: string
}

/** Mounting starts with these stages: what refuses them refuses the user namespace's capabilities. */
const DENIAL_STAGES = new Set(['clone', 'uid-map', 'pivot', 'store'])
const DENIAL_ERRNOS = new Set(['EPERM', 'EACCES'])
/** Of clone alone: a limit is reached, or the kernel was built without the namespace. */
const CLONE_ERRNOS = new Set(['ENOSPC', 'EUSERS', 'EINVAL', 'ENOSYS'])
const EXEC_STAGES = new Set(['exec', 'chdir'])
const PROTOCOL_STAGES = new Set(['plan', 'channel'])

/** Turns the launcher's report into an error with a code and the exact fix for this machine. */
export function explainFailure(failure: Failure, restrictions: Restrictions): NetnsError {
  const errno = errnoName(failure.errno)
  const code = codeOf(failure.stage, errno, restrictions)
  const { stage, syscall, path, message } = failure
  const detail = `stage ${stage}, ${syscall}${path === '' ? '' : ` ${JSON.stringify(path)}`}: ${errno}, ${message}`
  return new NetnsError(code, {
    stage,
    syscall,
    errno,
    path,
    detail,
    ...hintFor(code, stage, errno, restrictions),
  })
}

function codeOf(stage: string, errno: string, restrictions: Restrictions): NetnsErrorCode {
  if (PROTOCOL_STAGES.has(stage)) return 'NETNS_LAUNCHER_PROTOCOL'
  if (EXEC_STAGES.has(stage)) return 'NETNS_EXEC_FAILED'
  if (isOlderKernel(restrictions.kernelRelease, 5, 12)) return 'NETNS_KERNEL_TOO_OLD'
  if (stage === 'clone' && CLONE_ERRNOS.has(errno)) return 'NETNS_USERNS_DENIED'
  if (DENIAL_STAGES.has(stage) && DENIAL_ERRNOS.has(errno)) return 'NETNS_USERNS_DENIED'
  return errno === 'ENOSPC' || errno === 'ENOMEM' ? 'NETNS_ENOSPC' : 'NETNS_SETUP_FAILED'
}

function hintFor(
  code: NetnsErrorCode,
  stage: string,
  errno: string,
  restrictions: Restrictions,
): { hint?: string } {
  if (code === 'NETNS_USERNS_DENIED') return { hint: denialHint(errno, restrictions) }
  if (code === 'NETNS_KERNEL_TOO_OLD')
    return {
      hint: `Linux ${restrictions.kernelRelease} cannot do it: use Linux 6.6 or newer (at least 5.12).`,
    }
  if (code === 'NETNS_EXEC_FAILED' && stage === 'chdir')
    return {
      hint: 'The working directory must exist inside: take it out of fs.hide and fs.private.',
    }
  if (code === 'NETNS_SETUP_FAILED' && stage === 'overlay') {
    return {
      hint: 'An overlay may stand on at most one other overlay: in a container mount the project as a volume; a sandbox in a sandbox in a third cannot be copy-on-write.',
    }
  }
  return {}
}

function denialHint(errno: string, restrictions: Restrictions): string {
  if (restrictions.maxUserNamespaces === 0)
    return 'User namespaces are switched off here: sudo sysctl -w user.max_user_namespaces=15000'
  if (!restrictions.isRoot && restrictions.unprivilegedClone === 0)
    return 'Allow them for ordinary users: sudo sysctl -w kernel.unprivileged_userns_clone=1'
  if (errno === 'ENOSPC' || errno === 'EUSERS')
    return 'A limit of namespaces is reached (user.max_*_namespaces, or 32 nested ones): sudo sysctl -w user.max_user_namespaces=15000 user.max_mnt_namespaces=15000 user.max_net_namespaces=15000'
  if (!restrictions.isRoot && restrictions.apparmorRestricts === 1) {
    return 'AppArmor takes the capabilities from user namespaces here: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (for good: echo kernel.apparmor_restrict_unprivileged_userns=0 | sudo tee /etc/sysctl.d/60-netns.conf)'
  }
  if (restrictions.hasSeccompFilter)
    return 'A container forbids it: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …'
  return 'Allow unprivileged user namespaces and mounts in them: look for "apparmor" or "avc" in dmesg to see which policy refused.'
}
