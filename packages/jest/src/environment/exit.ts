import process from 'node:process'

const exit = process.exit.bind(process)
/** Not `exit` itself: it would take the event's code for an explicit one. */
const exitLast = (): never => exit()

/**
 * Lets the kernel take this process's memory all at once, when nothing keeps its event loop alive: Node would give it back piece by
 * piece before, for some 30 ms in which Jest waits. What Node writes at its end comes with exit(), too. The listener is the last one.
 */
export function exitAtOnce(): void {
  process.on('beforeExit', () => process.off('exit', exitLast).on('exit', exitLast))
}
