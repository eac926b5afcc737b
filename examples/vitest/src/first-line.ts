import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** What a child says first; `undefined` when it ends without a word. */
export async function readFirstLine(output: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input: output })) return line
  return undefined
}
