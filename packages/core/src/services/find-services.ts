import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { parseListeners } from './proc-net-tcp.ts'
import type { Listener, Service } from './types.ts'

const LOOPBACK4 = '127.0.0.1'
const LOOPBACK6 = '::1'

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6']
/** How many sockets each of them has. */
const COUNTS = ['/proc/net/sockstat', '/proc/net/sockstat6']
const IS_EMPTY = /^TCP6?: inuse 0\b/m

/** The TCP sockets of this machine in state LISTEN that belong to the current user. It takes the kernel milliseconds. */
export async function readListeners(): Promise<Listener[]> {
  // A kernel without IPv6 has no second one.
  return ownListeners(
    await Promise.all(TABLES.map((path) => readFile(path, 'latin1').catch(() => ''))),
  )
}

/** The same for those who cannot wait, and so not for tables without a socket: the kernel walks as far for them. */
export function readListenersSync(): Listener[] {
  const inUse = TABLES.filter((_, at) => !IS_EMPTY.test(readTable(COUNTS[at] ?? '')))
  return ownListeners(inUse.map(readTable))
}

function readTable(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function ownListeners(tables: readonly string[]): Listener[] {
  const uid = process.geteuid?.()
  return tables.flatMap(parseListeners).filter((listener) => listener.uid === uid)
}

/**
 * The services that opened between two readings: what `globalSetup` started, also where it became a daemon.
 *
 * @param exclude ports that never count, such as the runner's own
 */
export function findServices(
  before: readonly Listener[],
  after: readonly Listener[],
  exclude: readonly number[] = [],
): Service[] {
  const known = new Set(before.map(keyOf))
  const opened = after.filter(
    (listener) => !known.has(keyOf(listener)) && !exclude.includes(listener.port),
  )
  return distinct(opened.flatMap(servicesOf))
}

/** A port that was closed and opened again is another service: its socket has another inode. */
function keyOf({ address, port, inode }: Listener): string {
  return `${address} ${port} ${inode}`
}

/** The services behind ports that the user listed; where nothing listens yet, on both loopback addresses. */
export function listedServices(
  ports: readonly number[],
  listeners: readonly Listener[],
): Service[] {
  return distinct(
    ports.flatMap((port) => {
      const found = listeners.filter((listener) => listener.port === port).flatMap(servicesOf)
      return found.length > 0 ? found : [service(port, LOOPBACK4), service(port, LOOPBACK6)]
    }),
  )
}

/** The addresses where a listener of the host answers inside; none where it does not listen on a loopback address. */
function servicesOf({ address, port }: Listener): Service[] {
  if (address === '0.0.0.0') return [service(port, LOOPBACK4)]
  if (address === '::') return [service(port, LOOPBACK4), service(port, LOOPBACK6)]
  return address === LOOPBACK6 || address.startsWith('127.') ? [service(port, address)] : []
}

function service(port: number, address: string): Service {
  return { port, insideAddress: address, outsideAddress: address }
}

function distinct(services: readonly Service[]): Service[] {
  return [...new Map(services.map((one) => [`${one.insideAddress} ${one.port}`, one])).values()]
}
