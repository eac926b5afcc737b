import type { DegradedEvent } from '../launcher/types.ts'
import type { Degree } from '../plan/types.ts'

/** What a step that was done only in part means for a test. */
export function degreeOf({ stage, path, errno, message }: DegradedEvent): Degree {
  const because = `(${errno}: ${message})`
  switch (stage) {
    case 'proc':
      return {
        kind: 'kernel',
        path,
        message: `/proc is the host's and shows the pids outside, because parts of it are masked here ${because}`,
      }
    case 'sysfs':
      return { kind: 'kernel', path, message: `/sys is the host's, read-only ${because}` }
    case 'cgroup2':
      return { kind: 'kernel', path, message: `no cgroup file system inside ${because}` }
    case 'overlay':
      return {
        kind: 'read-only',
        path,
        message: `${path} is read-only inside: it cannot be copy-on-write ${because}`,
      }
    case 'copy':
    case 'bind':
      return { kind: 'missing', path, message: `${path} is missing inside ${because}` }
    case 'sysctl':
      return { kind: 'kernel', path, message: sysctlMessage(path, because) }
    default:
      return { kind: 'kernel', path, message: `${stage} ${path} was left out ${because}` }
  }
}

function sysctlMessage(path: string, because: string): string {
  if (path.endsWith('ip_unprivileged_port_start'))
    return `ports below 1024 need root inside: /proc/sys is not writable here ${because}`
  if (path.endsWith('ping_group_range'))
    return `ping sockets need root inside: /proc/sys is not writable here ${because}`
  return `${path} could not be set ${because}`
}
