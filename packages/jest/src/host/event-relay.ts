import type { Listener, Test, TestResult, TestRunner } from '../jest.ts'
import { NETNS_EVENT, type WorkerMessage } from '../protocol.ts'
import type { Run } from './run.ts'

const EVENTS = [
  'test-file-start',
  'test-file-success',
  'test-file-failure',
  'test-case-start',
  'test-case-result',
]

/**
 * Passes the events of the stock runners on to Jest. A file's result waits until what leaves its sandbox is written: with
 * `bail` Jest ends right after it.
 */
export class EventRelay {
  readonly #listeners = new Map<string, Set<Listener<never>>>()
  readonly #started = new Set<string>()
  #run: Run | undefined
  #muted = false

  on(event: string, listener: Listener<never>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  begin(run: Run): void {
    this.#run = run
    this.#started.clear()
    this.#muted = false
  }

  listenTo(runner: TestRunner): void {
    const listen = <Data>(event: string, listener: Listener<Data>): void => {
      runner.on(event, listener as Listener<never>)
    }
    listen(NETNS_EVENT, (message: WorkerMessage) => this.#run?.ledger.receive(message))
    for (const event of EVENTS) listen(event, (data) => this.#pass(event, data))
  }

  hasUnstarted(tests: readonly Test[]): boolean {
    return tests.some(({ path }) => !this.#started.has(path))
  }

  /** Reports a file that cannot run. */
  async fail(test: Test, error: unknown): Promise<void> {
    await this.#emit('test-file-start', [test])
    await this.#emit('test-file-failure', [test, error])
  }

  /** Nothing more of this run concerns Jest. */
  mute(): void {
    this.#muted = true
  }

  async #pass(event: string, data: unknown): Promise<void> {
    switch (event) {
      case 'test-file-start':
        this.#started.add((data as [Test])[0].path)
        return this.#emit(event, data)
      case 'test-file-success':
        return this.#succeed(data as [Test, TestResult])
      case 'test-file-failure':
        this.#run?.record((data as [Test, unknown])[0])
        return this.#emit(event, data)
      default:
        return this.#emit(event, data)
    }
  }

  async #succeed([test, result]: [Test, TestResult]): Promise<void> {
    const run = this.#run
    if (!run) return
    const error = await run.settle(test, result)
    run.record(test)
    if (error === undefined) await this.#emit('test-file-success', [test, result])
    else await this.#emit('test-file-failure', [test, error])
  }

  async #emit(event: string, data: unknown): Promise<void> {
    if (this.#muted) return
    const listeners = [...(this.#listeners.get(event) ?? [])]
    await Promise.all(listeners.map(async (listener) => listener(data as never)))
  }
}
