import { Socket } from 'node:net'
import timers from 'node:timers'

// Tests may replace it.
const { setImmediate } = timers

/** Clients take their hold on the event loop from a connection while it waits for the next request. */
const unreferenced = new Set<WeakRef<Socket>>()
const known = new WeakSet<object>()
const collected = new FinalizationRegistry<WeakRef<Socket>>((reference) => {
  unreferenced.delete(reference)
})

export function noteUnreferenced(handle: object): void {
  if (known.has(handle) || !(handle instanceof Socket)) return
  known.add(handle)
  const reference = new WeakRef(handle)
  unreferenced.add(reference)
  collected.register(handle, reference)
}

/**
 * Closes the connections that HTTP clients keep for their next request. They belong to the network they were made in:
 * the next request would be answered from there.
 */
export async function closeIdleConnections(): Promise<void> {
  // Clients find in the next turn that nothing is left to do.
  await new Promise((resolve) => setImmediate(resolve))
  for (const reference of unreferenced) {
    const socket = reference.deref()
    if (socket && !socket.destroyed && isIdle(socket)) socket.destroy()
    if (socket?.destroyed !== false) unreferenced.delete(reference)
  }
}

interface ClientSocket {
  readonly _handle?: { hasRef(): boolean } | null
  readonly _httpMessage?: object | null
}

/** Connections of other protocols, which may be without a hold as well, are left alone. */
function isIdle(socket: Socket): boolean {
  const { _handle: handle, _httpMessage: message } = socket as ClientSocket
  if (handle?.hasRef() !== false) return false
  return isOfUndici(socket) || (socket.listenerCount('agentRemove') > 0 && !message)
}

/** Its Client keeps this about each of its sockets (lib/core/symbols.js), in versions 5 to 8. */
function isOfUndici(socket: Socket): boolean {
  return Object.getOwnPropertySymbols(socket).some(({ description }) => description === 'no ref')
}
