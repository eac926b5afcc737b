import type { Planning } from './planning.ts'
import type { Step } from './types.ts'

/** Vitest's stop() sends SIGKILL 500 ms after SIGTERM; the worker's time must be over before. */
const GRACE_MS = 400

/** One more address per family makes AI_ADDRCONFIG look-ups work, without a route out. */
const EXTRA_ADDRESSES = ['192.0.2.2/32', 'fd00::2/128']

export function namespaceSteps({ options, context }: Planning): Step[] {
  const network = options.net.mode === 'host' ? [] : ['net']
  return [
    ['namespaces', 'user', 'mount', ...network, 'pid', 'ipc', 'uts', 'cgroup'],
    ['store', '-'],
    ['hostname', options.hostname],
    ['grace', String(context.graceMs ?? GRACE_MS)],
  ]
}

export function networkSteps({ options, context, host }: Planning): Step[] {
  const pid: Step[] = context.pidBase === undefined ? [] : [['pid', String(context.pidBase)]]
  if (options.net.mode !== 'loopback') return pid
  const publish = (context.publish ?? []).map((endpoint): Step => ['publish', endpoint])
  return [
    ...pid,
    ['loopback', 'up', ...EXTRA_ADDRESSES],
    ['sysctl', 'net/ipv4/ip_unprivileged_port_start', '0'],
    ['sysctl', 'net/ipv4/ping_group_range', `${host.gid} ${host.gid}`],
    ...context.services.map((service): Step => [
      'listen',
      String(service.port),
      service.insideAddress,
      service.outsideAddress,
    ]),
    ...publish,
  ]
}

export function limitSteps({ options }: Planning): Step[] {
  const { openFiles, processes, addressSpaceBytes, cpuSeconds } = options.limits
  const limits = { nofile: openFiles, nproc: processes, as: addressSpaceBytes, cpu: cpuSeconds }
  return Object.entries(limits).flatMap(([name, value]): Step[] =>
    value === undefined ? [] : [['rlimit', name, String(value)]],
  )
}
