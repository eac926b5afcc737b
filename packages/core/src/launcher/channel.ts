import type { Socket } from 'node:net'
import { encodeBytes } from '../paths/bytes.ts'
import { EventReader, type ChangeEvent, type LauncherEvent, type TakenEvent } from './events.ts'

/** The socket to the launcher: a plan goes in, events come out, requests after the worker's end. */
export class Channel {
  readonly #socket: Socket
  readonly #listeners = new Set<(event: LauncherEvent) => void>()
  readonly closed: Promise<void>

  constructor(socket: Socket, plan: Buffer) {
    this.#socket = socket
    const reader = new EventReader()
    socket.on('data', (chunk: Buffer) => {
      for (const event of reader.read(chunk))
        for (const listener of this.#listeners) listener(event)
    })
    // EPIPE and ECONNRESET say what the launcher's exit says better.
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(plan)
  }

  listen(listener: (event: LauncherEvent) => void): void {
    this.#listeners.add(listener)
  }

  /** What an upper directory holds; nothing where the launcher is gone. */
  async changes(id: string): Promise<ChangeEvent[]> {
    const found: ChangeEvent[] = []
    const answer = await this.#ask(encodeBytes(`changes ${id}\n`), (event) => {
      if (event.event === 'change' && event.id === id) found.push(event)
      return event.event === 'changes-end' && event.id === id ? found : undefined
    })
    return answer ?? []
  }

  /** Writes a file of the sandbox to `base/relative` on the host; `undefined` where the launcher is gone. */
  take(insidePath: string, base: string, relative: string): Promise<TakenEvent | undefined> {
    const body = encodeBytes(`${insidePath}\0${base}\0${relative}`)
    const request = Buffer.concat([Buffer.from(`take ${body.length}\n`), body])
    return this.#ask(request, (event) => (event.event === 'taken' ? event : undefined))
  }

  release(): void {
    if (!this.#socket.destroyed) this.#socket.write('release\n')
  }

  /** One question at a time. */
  #ask<Answer>(
    request: Buffer,
    accept: (event: LauncherEvent) => Answer | undefined,
  ): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const listener = (event: LauncherEvent): void => {
        const answer = accept(event)
        if (answer === undefined) return
        this.#listeners.delete(listener)
        resolve(answer)
      }
      this.#listeners.add(listener)
      void this.closed.then(() => resolve(undefined))
      this.#socket.write(request)
    })
  }
}
