import { ProcFile } from '../control/proc-file.ts'

/** How many attempts to reach an address had no route. */
export interface NoRoute {
  readonly ipv4: number
  readonly ipv6: number
}

/** What the kernel tells of the network namespace that this thread is in when it is first asked (proc_net(5)). */
export class NetworkUse {
  // Each keeps the namespace alive until it is closed.
  readonly #snmp = new Table('snmp')
  readonly #snmp6 = new Table('snmp6')
  readonly #protocols = new Table('protocols')

  noRoute(): NoRoute {
    return {
      ipv4: ipv4NoRoute(this.#snmp.read()),
      ipv6: Number(/^Ip6OutNoRoutes\s+(\d+)/m.exec(this.#snmp6.read())?.[1] ?? 0),
    }
  }

  /** Twice the same: no packet was sent between, and no socket stays open. */
  fingerprint(): string {
    return `${this.#snmp.read()}${this.#snmp6.read()}${openSockets(this.#protocols.read())}`
  }

  close(): void {
    for (const table of [this.#snmp, this.#snmp6, this.#protocols]) table.close()
  }
}

/** For the present network, once. */
export function noRouteHere(): NoRoute {
  const use = new NetworkUse()
  const noRoute = use.noRoute()
  use.close()
  return noRoute
}

class Table {
  readonly #path: string
  #file: ProcFile | undefined

  constructor(name: string) {
    this.#path = `/proc/thread-self/net/${name}`
  }

  /** Empty where it cannot be read: a test has closed what it did not open, or sees no /proc. */
  read(): string {
    try {
      return (this.#file ??= new ProcFile(this.#path)).read()
    } catch {
      return ''
    }
  }

  close(): void {
    this.#file?.close()
  }
}

/** Two lines, names and values. */
function ipv4NoRoute(snmp: string): number {
  const lines = snmp.split('\n').filter((line) => line.startsWith('Ip:'))
  const [names = [], values = []] = lines.map((line) => line.split(' '))
  return Number(values[names.indexOf('OutNoRoutes')] ?? 0)
}

/** By protocol. The total of /proc/net/sockstat counts those of netlink for some time after they were closed. */
function openSockets(protocols: string): string {
  return [...protocols.matchAll(/^(\S+)\s+\d+\s+([1-9]\d*)/gm)]
    .map(([, protocol, count]) => `${protocol} ${count}`)
    .join()
}
