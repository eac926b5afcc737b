import { expect, test } from 'vitest'
import { findServices, listedServices } from './find-services.ts'
import { parseListeners } from './proc-net-tcp.ts'

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0000000000000000 100 0 0 10 0
   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 112 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1538 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 113 1 0000000000000000 20 4 30 10 -1
`
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 221 1 0
   1: 00000000000000000000000000000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 222 1 0
   2: 0000000000000000FFFF00000100007F:1F92 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 223 1 0
   3: B80D01200000000000000000010000FF:1F93 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 224 1 0
`

function listener(address: string, port: number, inode = port) {
  return { address, port, inode, uid: 1000 }
}

function shown(services: ReturnType<typeof findServices>) {
  return services.map(
    ({ port, insideAddress, outsideAddress }) => `${insideAddress} ${port} -> ${outsideAddress}`,
  )
}

test('listening sockets of IPv4 are read, connected ones are not', () => {
  expect(parseListeners(TCP)).toEqual([
    { address: '127.0.0.1', port: 5432, uid: 1000, inode: 111 },
    { address: '0.0.0.0', port: 80, uid: 0, inode: 112 },
  ])
})

test('addresses of IPv6 are written as people write them', () => {
  expect(parseListeners(TCP6).map(({ address, port }) => `${address} ${port}`)).toEqual([
    '::1 8080',
    ':: 8081',
    '127.0.0.1 8082',
    '2001:db8::ff00:1 8083',
  ])
})

test('a service is what listens after and did not before', () => {
  const before = [listener('127.0.0.1', 1)]
  expect(shown(findServices(before, [...before, listener('127.0.0.1', 2)]))).toEqual([
    '127.0.0.1 2 -> 127.0.0.1',
  ])
})

test('a port that was opened anew by another socket is a service', () => {
  expect(shown(findServices([listener('127.0.0.1', 1, 7)], [listener('127.0.0.1', 1, 8)]))).toEqual(
    ['127.0.0.1 1 -> 127.0.0.1'],
  )
})

test('excluded ports are none', () => {
  expect(findServices([], [listener('127.0.0.1', 51204)], [51204])).toEqual([])
})

test('a wildcard listener answers on the loopback addresses of its families', () => {
  expect(shown(findServices([], [listener('0.0.0.0', 1), listener('::', 2)]))).toEqual([
    '127.0.0.1 1 -> 127.0.0.1',
    '127.0.0.1 2 -> 127.0.0.1',
    '::1 2 -> ::1',
  ])
})

test('two listeners of one port and address make one service', () => {
  expect(
    shown(
      findServices(
        [],
        [listener('0.0.0.0', 1, 7), listener('127.0.0.1', 1, 8), listener('::1', 1, 9)],
      ),
    ),
  ).toEqual(['127.0.0.1 1 -> 127.0.0.1', '::1 1 -> ::1'])
})

test('an address that is not loopback is no service', () => {
  expect(findServices([], [listener('192.168.1.2', 1), listener('fe80::1', 2)])).toEqual([])
})

test('other addresses of 127/8 keep their address', () => {
  expect(shown(findServices([], [listener('127.0.0.53', 53)]))).toEqual([
    '127.0.0.53 53 -> 127.0.0.53',
  ])
})

test('listed ports take the addresses where something listens, else both', () => {
  expect(shown(listedServices([1, 2], [listener('::1', 1)]))).toEqual([
    '::1 1 -> ::1',
    '127.0.0.1 2 -> 127.0.0.1',
    '::1 2 -> ::1',
  ])
})
