import { expect, test } from 'vitest'
import { boundPaths } from './sockets.ts'

test('paths of sockets are read once each, abstract names and unnamed sockets not', () => {
  const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 12345 /tmp/app with space.sock
0000000000000000: 00000003 00000000 00000000 0001 03 12346 /tmp/app with space.sock
0000000000000000: 00000002 00000000 00000000 0002 01 12347
0000000000000000: 00000002 00000000 00010000 0001 01 12348 @abstract
`
  expect(boundPaths(table)).toEqual(['/tmp/app with space.sock'])
})
