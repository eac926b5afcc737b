import { constants } from 'node:os'

const byNumber = Object.entries(constants.signals).map(
  ([name, number]) => [number, name as NodeJS.Signals] as const,
)
// Of two names for one number the first is the usual one: SIGABRT, not SIGIOT.
const names = new Map(byNumber.toReversed())

/** Name of a signal number; SIGKILL's name for a real-time signal, which has none in Node. */
export function signalName(signal: number): NodeJS.Signals {
  return names.get(signal) ?? 'SIGKILL'
}
