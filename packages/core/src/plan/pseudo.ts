import { ownAttributes } from './attributes.ts'
import { nodeAt, type Planning } from './planning.ts'
import type { Step } from './types.ts'

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty']

/** /proc, /sys and /dev are made anew for the sandbox's own namespaces. */
export function addPseudoFileSystems({ layout }: Planning): void {
  for (const type of ['proc', 'sys', 'dev'] as const)
    layout.put({ kind: 'pseudo', path: `/${type}`, type })
}

export function pseudoSteps(planning: Planning, type: 'proc' | 'sys' | 'dev'): Step[] {
  if (type === 'proc') return procSteps(planning)
  return type === 'sys' ? sysSteps(planning) : devSteps(planning)
}

function procSteps(planning: Planning): Step[] {
  return keepsCleanProc(planning)
    ? [
        ['proc', 'proc-clean'],
        ['proc', 'root/proc'],
      ]
    : [['proc', 'root/proc']]
}

/**
 * uid 0 passes the mode bits of /proc/sys even without a capability, so root's /proc gets read-only parts. Nested
 * sandboxes may mount a fresh procfs only while one without such parts is in the mount namespace, hence the second
 * one in the store. Where the host's is masked already no fresh one can be had.
 */
function keepsCleanProc({ host }: Planning): boolean {
  const masked = host.mounts.some(
    ({ mountPoint, fsType }) =>
      mountPoint.startsWith('/proc/') && fsType !== 'binfmt_misc' && fsType !== 'autofs',
  )
  return host.uid === 0 && !masked
}

/** After the sysctl steps: what root could change for the whole machine. */
export function guardSteps(planning: Planning): Step[] {
  if (planning.host.uid !== 0) return []
  const parts = ['irq', 'bus', 'fs', 'acpi', 'scsi', 'sysrq-trigger'].filter((name) =>
    nodeAt(planning, `/proc/${name}`),
  )
  const guards: Step[] = ['sys', ...parts].map((name) => [
    'readonly',
    `root/proc/${name}`,
    'optional',
  ])
  const ownNetwork = planning.options.net.mode !== 'host' && keepsCleanProc(planning)
  // The sysctls of the network are those of the reader's namespace: its own to change.
  return ownNetwork
    ? [...guards, ['bind', 'root/proc/sys/net', 'proc-clean/sys/net', 'store']]
    : guards
}

/** A sysfs needs a network namespace of its own. */
function sysSteps({ options, host }: Planning): Step[] {
  if (options.net.mode === 'host') return [['bind', 'root/sys', '/sys', 'ro,rec']]
  const unified = host.mounts.some(
    ({ mountPoint, fsType }) => mountPoint === '/sys/fs/cgroup' && fsType === 'cgroup2',
  )
  return unified
    ? [
        ['sysfs', 'root/sys'],
        ['cgroup2', 'root/sys/fs/cgroup'],
      ]
    : [['sysfs', 'root/sys']]
}

function devSteps(planning: Planning): Step[] {
  const { mode, uid, gid } = ownAttributes(planning.host.uid === 0 ? 0o755 : 0o555)
  const devices = DEVICES.filter((name) => nodeAt(planning, `/dev/${name}`)?.type === 'other')
  return [
    ['tmpfs', 'root/dev', mode, uid, gid, '-'],
    ...devices.map((name): Step => ['dev', `root/dev/${name}`, name]),
    ['devpts', 'root/dev/pts'],
    ['symlink', 'root/dev/ptmx', 'pts/ptmx'],
    ['mqueue', 'root/dev/mqueue'],
    ['symlink', 'root/dev/fd', '/proc/self/fd'],
    ['symlink', 'root/dev/stdin', '/proc/self/fd/0'],
    ['symlink', 'root/dev/stdout', '/proc/self/fd/1'],
    ['symlink', 'root/dev/stderr', '/proc/self/fd/2'],
  ]
}
