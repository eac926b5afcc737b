import type { ChildProcess } from 'node:child_process'
import process from 'node:process'

/** A test runner that goes on, such as one in watch mode. */
export class Session {
  readonly process: ChildProcess
  #output = ''
  #read = 0
  readonly #listeners = new Set<() => void>()
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>

  constructor(child: ChildProcess) {
    this.process = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += String(chunk)
        for (const listener of this.#listeners) listener()
      })
    }
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
  }

  get output(): string {
    return this.#output
  }

  /** Waits for text that was not read yet, and returns what came until there. Fails when the runner ends first. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const unread = this.#output.slice(this.#read)
      const found = pattern.exec(unread)
      if (found) {
        this.#read += found.index + found[0].length
        return unread.slice(0, found.index + found[0].length)
      }
      await this.#more(pattern)
    }
  }

  /** Sends a signal to the runner and its children, as a terminal does for Ctrl-C. */
  signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.process
    if (pid !== undefined) process.kill(-pid, signal)
  }

  #more(pattern: RegExp): Promise<void> {
    return new Promise((resolve, reject) => {
      const listener = (): void => {
        this.#listeners.delete(listener)
        resolve()
      }
      this.#listeners.add(listener)
      void this.ended.then(() =>
        reject(new Error(`The runner ended before ${String(pattern)}:\n${this.#output}`)),
      )
    })
  }
}
