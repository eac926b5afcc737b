import timers from 'node:timers'
import { captureOrigin, type Origin } from './origin.ts'
import { record, recorders, type PendingTimer } from './recorder.ts'
import { alike } from './replace.ts'

type Timer = (callback: (...values: unknown[]) => void, ...rest: unknown[]) => PendingTimer

const clearers = {
  setTimeout: timers.clearTimeout,
  setInterval: timers.clearInterval,
  setImmediate: timers.clearImmediate,
} as unknown as Record<TimerName, (timer: PendingTimer) => void>

type TimerName = 'setTimeout' | 'setInterval' | 'setImmediate'

/** The globals and `node:timers` hold the same functions, and go on to do so. */
export function replaceTimers(): void {
  for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
    const replacement = tracked(name, timers[name] as unknown as Timer)
    Object.assign(timers, { [name]: replacement })
    Object.assign(globalThis, { [name]: replacement })
  }
}

function tracked(name: TimerName, original: Timer): Timer {
  const replacement: Timer = (callback, ...rest) => {
    const timer = original(callback, ...rest)
    if (recorders.length > 0) note(name, timer, rest[0], captureOrigin(replacement))
    return timer
  }
  return alike(replacement, original)
}

function note(name: TimerName, timer: PendingTimer, delay: unknown, origin: Origin): void {
  const description = name === 'setImmediate' ? name : `${name} ${Number(delay ?? 1)} ms`
  record((recorder) => {
    recorder.addTimer(timer, { description, origin, clear: () => clearers[name](timer) })
  })
}
