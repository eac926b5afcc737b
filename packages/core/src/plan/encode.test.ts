import { expect, test } from 'vitest'
import { NetnsError } from '../errors/netns-error.ts'
import { decodeBytes } from '../paths/bytes.ts'
import { encodePlan } from './encode.ts'

test('a plan is a header with the length of the body, then name, count and arguments, each ended by NUL', () => {
  expect(encodePlan({ steps: [['hold'], ['symlink', 'root/bin', 'usr/bin']] }).toString()).toBe(
    'NETNS1 34\nhold\x000\0symlink\x002\0root/bin\0usr/bin\0',
  )
})

test('the length counts bytes, not characters', () => {
  expect(encodePlan({ steps: [['chdir', '/ä\n€']] }).toString()).toBe(
    'NETNS1 16\nchdir\x001\0/ä\n€\0'.replace(
      '16',
      String(Buffer.byteLength('chdir\x001\0/ä\n€\0')),
    ),
  )
})

test('a path that is not UTF-8 goes out byte for byte', () => {
  const path = decodeBytes(Buffer.from([0x2f, 0xff, 0x2f, 0xe4]))
  const encoded = encodePlan({ steps: [['chdir', path]] })
  expect(encoded.subarray(-5)).toEqual(Buffer.from([0x2f, 0xff, 0x2f, 0xe4, 0]))
})

test('a NUL in an argument is refused', () => {
  expect(() => encodePlan({ steps: [['hostname', 'a\0b']] })).toThrow(NetnsError)
})
