import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Logger } from 'vitest/node'

/** Leads a worker's output to Vitest's own streams, which all workers share. */
export class WorkerOutput {
  readonly #pipes: readonly { readonly from: Readable; readonly to: Writable }[]

  constructor({ stdout, stderr }: ChildProcess, { outputStream, errorStream }: Logger) {
    this.#pipes = [
      ...(stdout ? [{ from: stdout, to: outputStream }] : []),
      ...(stderr ? [{ from: stderr, to: errorStream }] : []),
    ]
    for (const { from, to } of this.#pipes) {
      to.setMaxListeners(to.getMaxListeners() + 1)
      from.pipe(to, { end: false })
    }
  }

  /** After the worker's end: waits for the rest of its output. */
  async finish(): Promise<void> {
    for (const { from, to } of this.#pipes) {
      await ended(from)
      from.unpipe(to)
      to.setMaxListeners(to.getMaxListeners() - 1)
    }
  }
}

function ended(stream: Readable): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    stream.once('end', resolve)
    stream.once('close', resolve)
  })
}
