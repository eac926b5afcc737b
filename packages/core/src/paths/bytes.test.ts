import { expect, test } from 'vitest'
import { decodeBytes, encodeBytes, fsPath } from './bytes.ts'

test.each([
  ['ASCII', Buffer.from('/a b')],
  ['UTF-8 of every length', Buffer.from('/é€𝄞')],
  ['a lone byte', Buffer.from([0x2f, 0xff])],
  ['a sequence that is cut off', Buffer.from([0xe2, 0x82])],
  ['an encoded surrogate', Buffer.from([0xed, 0xb2, 0x80])],
  ['an overlong slash', Buffer.from([0xc0, 0xaf])],
  [
    'broken bytes between good ones',
    Buffer.concat([Buffer.from('ä'), Buffer.from([0x80]), Buffer.from('€')]),
  ],
])('%s survives decoding and encoding', (_, bytes) => {
  expect(encodeBytes(decodeBytes(bytes))).toEqual(bytes)
})

test('every single byte survives', () => {
  for (let byte = 0; byte < 256; byte++)
    expect(encodeBytes(decodeBytes(Buffer.of(byte)))).toEqual(Buffer.of(byte))
})

test('node:fs gets a string where that is possible and bytes where it is not', () => {
  expect(fsPath('/ä')).toBe('/ä')
  expect(fsPath(decodeBytes(Buffer.from([0xff])))).toEqual(Buffer.from([0xff]))
})
