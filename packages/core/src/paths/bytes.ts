import { isUtf8 } from 'node:buffer'

// Paths are bytes on Linux. A byte that is not UTF-8 becomes the lone surrogate U+DC80..U+DCFF, as in Python's
// `surrogateescape` (PEP 383): every path is an ordinary string, and none loses a byte.

const LONE_SURROGATE = /[\ud800-\udfff]/u
const ESCAPE_BASE = 0xdc00

/** Bytes of a path as a string that {@link encodeBytes} turns back into the same bytes. */
export function decodeBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find(
      (n) => at + n <= bytes.length && isUtf8(bytes.subarray(at, at + n)),
    )
    text += length
      ? bytes.toString('utf8', at, at + length)
      : String.fromCharCode(ESCAPE_BASE + bytes.readUInt8(at))
    at += length ?? 1
  }
  return text
}

/** The inverse of {@link decodeBytes}. */
export function encodeBytes(text: string): Buffer {
  if (!LONE_SURROGATE.test(text)) return Buffer.from(text)
  return Buffer.concat(Array.from(text, encodeCharacter))
}

function encodeCharacter(character: string): Buffer {
  const code = character.charCodeAt(0)
  return code >= 0xdc80 && code <= 0xdcff ? Buffer.of(code - ESCAPE_BASE) : Buffer.from(character)
}

/** A path as `node:fs` takes it. */
export function fsPath(path: string): string | Buffer {
  return LONE_SURROGATE.test(path) ? encodeBytes(path) : path
}
