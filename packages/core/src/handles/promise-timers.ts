import timersPromises from 'node:timers/promises'
import { captureOrigin, type Origin } from './origin.ts'
import { recorders, type PendingTimer } from './recorder.ts'
import { alike } from './replace.ts'

interface TimerOptions {
  readonly signal?: AbortSignal
}

interface Pending extends PendingTimer {
  _destroyed: boolean
}

type PromiseTimer = (...values: unknown[]) => Promise<unknown>
type IteratorTimer = (...values: unknown[]) => AsyncIterable<unknown>

/** Timers that the user can abort are the user's to end; those with wrong arguments reject at once. */
export function replacePromiseTimers(): void {
  const { setTimeout, setImmediate, setInterval } = timersPromises as unknown as {
    setTimeout: PromiseTimer
    setImmediate: PromiseTimer
    setInterval: IteratorTimer
  }
  Object.assign(timersPromises, {
    setTimeout: trackedPromise('setTimeout', setTimeout, 2),
    setImmediate: trackedPromise('setImmediate', setImmediate, 1),
    setInterval: trackedIterator(setInterval),
  })
}

function trackedPromise(name: string, original: PromiseTimer, at: number): PromiseTimer {
  const replacement: PromiseTimer = (...values) => {
    const withSignal = abortable(values, at)
    if (!withSignal) return original(...values)
    const end = note(describe(name, at === 2 ? values[0] : undefined), captureOrigin(replacement))
    const promise = original(...withSignal)
    promise.then(end, end)
    return promise
  }
  return alike(replacement, original)
}

function trackedIterator(original: IteratorTimer): IteratorTimer {
  const replacement: IteratorTimer = (...values) => {
    const withSignal = abortable(values, 2)
    if (!withSignal) return original(...values)
    const description = describe('setInterval', values[0])
    return endNoted(original(...withSignal), description, captureOrigin(replacement))
  }
  return alike(replacement, original)
}

async function* endNoted(
  iterable: AsyncIterable<unknown>,
  description: string,
  origin: Origin,
): AsyncGenerator {
  const end = note(description, origin)
  try {
    yield* iterable
  } finally {
    end()
  }
}

/** The arguments with the innermost scope's signal; `undefined` where the timer is not tracked. */
function abortable(values: readonly unknown[], at: number): unknown[] | undefined {
  const recorder = recorders.at(-1)
  const options = (values[at] ?? {}) as TimerOptions
  const [delay = 1] = at === 2 ? values : []
  if (!recorder || options.signal || typeof delay !== 'number' || typeof options !== 'object')
    return undefined
  const { signal } = recorder.aborter
  return [...Array.from({ length: at }, (_, index) => values[index]), { ...options, signal }]
}

function note(description: string, origin: Origin): () => void {
  const pending: Pending = { _destroyed: false }
  for (const recorder of recorders)
    recorder.addTimer(pending, { description, origin, clear: () => (pending._destroyed = true) })
  return () => (pending._destroyed = true)
}

function describe(name: string, delay: unknown): string {
  return typeof delay === 'number' ? `${name} ${delay} ms` : name
}
