import type { Listener } from './types.ts'

const LISTEN = '0A'

/** Parses /proc/net/tcp or /proc/net/tcp6 (proc_net(5)), listening sockets only. */
export function parseListeners(table: string): Listener[] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN)
    .map((fields) => {
      const [address = '', port = ''] = (fields[1] ?? '').split(':')
      return {
        address: parseAddress(address),
        port: parseInt(port, 16),
        uid: Number(fields[7]),
        inode: Number(fields[9]),
      }
    })
}

/** The kernel prints each 32-bit word in the machine's byte order; every machine we run on is little-endian. */
function parseAddress(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) =>
    (word.match(/../g) ?? []).toReversed().map((byte) => parseInt(byte, 16)),
  )
  return bytes.length === 4 ? bytes.join('.') : parseAddress6(bytes)
}

const MAPPED_PREFIX = '0,0,0,0,0,0,0,0,0,0,255,255'

function parseAddress6(bytes: readonly number[]): string {
  if (bytes.slice(0, 12).join() === MAPPED_PREFIX) return bytes.slice(12).join('.')
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  )
  // The URL parser knows the canonical text of RFC 5952.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
