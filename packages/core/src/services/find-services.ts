import type { Listener, Service } from './types.ts'

/** The TCP sockets of this machine in state LISTEN that belong to the current user. */
export function readListeners(): Listener[] {
  return []
}

/**
 * The services that opened between two readings.
 *
 * @param exclude ports that never count, such as the runner's own
 */
export function findServices(_before: readonly Listener[], _after: readonly Listener[], _exclude: readonly number[] = []): Service[] {
  return []
}

/** Services for ports that the user listed, at the addresses where something listens, else on both loopback addresses. */
export function listedServices(_ports: readonly number[], _listeners: readonly Listener[]): Service[] {
  return []
}
