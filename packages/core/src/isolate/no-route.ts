import { readProc } from '../control/proc-file.ts'

/** Attempts to reach an address that had no route, counted by the kernel for this thread's network namespace. */
export function readNoRoute(): { readonly ipv4: number; readonly ipv6: number } {
  return {
    ipv4: ipv4NoRoute(),
    ipv6: counter('/proc/thread-self/net/snmp6', /^Ip6OutNoRoutes\s+(\d+)/m),
  }
}

/** Two lines, names and values. */
function ipv4NoRoute(): number {
  const lines = readProc('/proc/thread-self/net/snmp')
    .split('\n')
    .filter((line) => line.startsWith('Ip:'))
  const [names = [], values = []] = lines.map((line) => line.split(' '))
  return Number(values[names.indexOf('OutNoRoutes')] ?? 0)
}

function counter(path: string, pattern: RegExp): number {
  return Number(pattern.exec(readProc(path))?.[1] ?? 0)
}
