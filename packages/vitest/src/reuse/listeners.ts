import type { ProcessPart } from './part.ts'

type Listener = (...values: unknown[]) => void
type Listeners = Map<string | symbol, Listener[]>

/** Those of the channel change with each file. */
const ignored = new Set<string | symbol>(['message', 'internalMessage', 'newListener'])

const eventNames = process.eventNames.bind(process)
const rawListeners = process.rawListeners.bind(process) as (event: string | symbol) => Listener[]
const on = process.on.bind(process) as (event: string | symbol, listener: Listener) => unknown
const off = process.off.bind(process) as typeof on

/** The listeners of `process`, for all events. */
export function processListeners(): ProcessPart {
  const kept = read()
  return {
    exit() {
      const stay = kept.get('exit') ?? []
      const ofFile = rawListeners('exit').filter((listener) => !stay.includes(listener))
      for (const listener of ofFile) call(listener)
    },
    restore() {
      for (const [event, listeners] of read()) {
        const stay = kept.get(event) ?? []
        for (const listener of listeners) if (!stay.includes(listener)) off(event, listener)
      }
      for (const [event, stay] of kept) {
        const listeners = rawListeners(event)
        for (const listener of stay) if (!listeners.includes(listener)) on(event, listener)
      }
    },
    keepChanges() {
      const before = read()
      return () => {
        for (const [event, listeners] of read()) {
          const had = before.get(event) ?? []
          const added = listeners.filter((listener) => !had.includes(listener))
          kept.set(event, [...(kept.get(event) ?? []), ...added])
        }
      }
    },
  }
}

function call(listener: Listener): void {
  try {
    listener.call(process, process.exitCode ?? 0)
  } catch {
    // Nobody hears of it where the process ends either: Vitest has stopped.
  }
}

function read(): Listeners {
  const events = eventNames().filter((event) => !ignored.has(event))
  return new Map(events.map((event) => [event, [...rawListeners(event)]]))
}
