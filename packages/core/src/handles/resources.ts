import type { ChildProcess } from 'node:child_process'
import { Socket as UdpSocket } from 'node:dgram'
import { Server, Socket } from 'node:net'
import { MessagePort } from 'node:worker_threads'
import { userFrame } from './origin.ts'
import { origins } from './recorder.ts'
import type { Leak, LeakKind } from './types.ts'

/** Of Node's handles those that keep the process alive, without the standard streams, which stay. */
export function activeHandles(): object[] {
  const { _getActiveHandles: list } = process as unknown as { _getActiveHandles(): object[] }
  return list.call(process).filter((handle) => !isStandardStream(handle))
}

function isStandardStream(handle: object): boolean {
  const { fd } = handle as { readonly fd?: unknown }
  return handle instanceof Socket && typeof fd === 'number' && fd >= 0 && fd <= 2
}

type Found = Pick<Leak, 'kind' | 'description'> & { close(): void }

/** Closes a handle that is still open and tells what it was; `null` for what is closed or not ours to close. */
export function closeHandle(
  handle: object,
  isIdle: boolean,
  closes: (kind: LeakKind) => boolean,
): Leak | null {
  const found = find(handle, isIdle)
  if (!found || !closes(found.kind)) return null
  found.close()
  const stack = userFrame(origins.get(handle))
  const { kind, description } = found
  return { kind, description, ...(stack === undefined ? {} : { stack }) }
}

function find(handle: object, isIdle: boolean): Found | null {
  if (handle instanceof Server) return server(handle)
  if (handle instanceof Socket) return socket(handle, isIdle)
  if (handle instanceof UdpSocket) return udp(handle)
  if (handle instanceof MessagePort)
    return { kind: 'port', description: 'message port', close: () => handle.close() }
  // `fs.watch`, and below `fs.promises.watch`.
  if (['FSWatcher', 'FSEvent'].includes(handle.constructor.name))
    return watcher(handle as Parameters<typeof watcher>[0])
  return null
}

function server(handle: Server): Found | null {
  if (!handle.listening) return null
  return {
    kind: 'server',
    description: `server on ${addressOf(() => handle.address())}`,
    close() {
      handle.on('error', ignore)
      handle.close()
      if ('closeAllConnections' in handle) (handle.closeAllConnections as () => void)()
    },
  }
}

function socket(handle: Socket, isIdle: boolean): Found | null {
  if (handle.destroyed || isStandardStream(handle)) return null
  const kind: LeakKind = isIdle ? 'keep-alive' : 'socket'
  return {
    kind,
    description: describeSocket(handle, isIdle),
    close() {
      handle.on('error', ignore)
      const { _httpMessage: request } = handle as { _httpMessage?: NodeJS.EventEmitter | null }
      request?.on('error', ignore)
      handle.destroy()
    },
  }
}

function describeSocket(handle: Socket, isIdle: boolean): string {
  const { remoteAddress, remotePort, localAddress, localPort } = handle
  const what = isIdle ? 'idle connection' : 'connection'
  if (remoteAddress === undefined || remotePort === undefined)
    return handle.connecting ? 'connection that is being made' : `${what} without an address`
  // A socket that a server accepted knows its server.
  if ('server' in handle && handle.server)
    return `${what} from a client of ${hostPort(localAddress, localPort)}`
  return `${what} to ${hostPort(remoteAddress, remotePort)}`
}

function udp(handle: UdpSocket): Found | null {
  const address = addressOf(() => handle.address())
  if (address === 'closed') return null
  return {
    kind: 'server',
    description: `UDP socket on ${address}`,
    close() {
      handle.on('error', ignore)
      handle.close()
    },
  }
}

interface Watcher {
  readonly _handle?: object | null
  close(): void
}

function watcher(handle: Watcher): Found | null {
  if (handle._handle === null) return null
  const close = (): void => handle.close()
  const isRecursive = handle.constructor.name === 'FSWatcher' && !('_handle' in handle)
  if (isRecursive && !closesOthers(close)) return null
  return { kind: 'watcher', description: 'fs.watch', close }
}

/** A recursive `fs.watch` has no handle of its own, but holds other watchers. */
function closesOthers(close: () => void): boolean {
  const before = openWatchers()
  close()
  return openWatchers() < before
}

function openWatchers(): number {
  return activeHandles().filter((handle) => (handle as Partial<Watcher>)._handle).length
}

/** Ends what connects this process with a child, which is the kernel's to end; nobody hears of the child's end. */
export function detachChild(child: ChildProcess): void {
  child.removeAllListeners()
  child.on('error', ignore)
  if (child.connected) child.disconnect()
  for (const stream of child.stdio ?? []) {
    stream?.on('error', ignore)
    stream?.destroy()
  }
  child.unref()
}

type Address = ReturnType<Server['address']>

function addressOf(read: () => Address): string {
  try {
    const address = read()
    if (typeof address === 'string') return address
    return hostPort(address?.address, address?.port)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ERR_SOCKET_DGRAM_NOT_RUNNING' ? 'closed' : 'no address'
  }
}

function hostPort(host = '?', port: number | undefined): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? '?'}`
}

function ignore(): void {}
