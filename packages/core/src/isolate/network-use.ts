import { readProc } from '../control/proc-file.ts'

/** What the kernel has counted in the network namespace of this thread (proc_net(5)). */
export interface NetworkUse {
  readonly snmp: string
  readonly snmp6: string
}

export function readNetworkUse(): NetworkUse {
  return { snmp: readTable('snmp'), snmp6: readTable('snmp6') }
}

/** Attempts to reach an address that had no route. */
export function noRouteIn({ snmp, snmp6 }: NetworkUse): {
  readonly ipv4: number
  readonly ipv6: number
} {
  return {
    ipv4: ipv4NoRoute(snmp),
    ipv6: Number(/^Ip6OutNoRoutes\s+(\d+)/m.exec(snmp6)?.[1] ?? 0),
  }
}

/**
 * The sockets that are open, by protocol. The total of /proc/net/sockstat counts those of netlink for some time after they
 * were closed.
 */
export function readOpenSockets(): string {
  return [...readTable('protocols').matchAll(/^(\S+)\s+\d+\s+([1-9]\d*)/gm)]
    .map(([, protocol, count]) => `${protocol} ${count}`)
    .join()
}

function readTable(name: string): string {
  return readProc(`/proc/thread-self/net/${name}`)
}

/** Two lines, names and values. */
function ipv4NoRoute(snmp: string): number {
  const lines = snmp.split('\n').filter((line) => line.startsWith('Ip:'))
  const [names = [], values = []] = lines.map((line) => line.split(' '))
  return Number(values[names.indexOf('OutNoRoutes')] ?? 0)
}
