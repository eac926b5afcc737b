import { ChildProcess } from 'node:child_process'
import { unwatchFile } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { readDispatchers, restoreDispatchers } from './dispatcher.ts'
import { beganInNode, beganInPackage, userFrame, type Origin } from './origin.ts'
import { Recorder, recorders, type PendingTimer } from './recorder.ts'
import { activeHandles, closeHandle, detachChild } from './resources.ts'
import { trackHandles } from './track-handles.ts'
import type { HandleScope, Leak, LeakKind } from './types.ts'

/**
 * Opens a scope; scopes can be nested. What the process had open before stays as it is.
 *
 * @example
 * const scope = openScope()
 * http.createServer().listen(3000)
 * scope.close() // [{ kind: 'server', description: 'server on [::]:3000', stack: 'at …' }]
 */
export function openScope(): HandleScope {
  trackHandles()
  const before = new Set(activeHandles())
  const dispatchers = readDispatchers()
  const recorder = new Recorder()
  recorders.push(recorder)
  let isOpen = true
  return {
    close() {
      if (!isOpen) return []
      isOpen = false
      recorders.splice(recorders.indexOf(recorder), 1)
      return [
        ...closeTimers(recorder),
        ...closeHandles(before, recorder),
        // After the handles: `terminate` references the port of a thread.
        ...closeWorkers(recorder),
        ...closeWatchedFiles(recorder),
        ...(restoreDispatchers(dispatchers) ? [] : [dispatcherLeak]),
      ]
    },
  }
}

const dispatcherLeak: Leak = {
  kind: 'dispatcher',
  description: 'setGlobalDispatcher, with no dispatcher before to go back to',
}

function closeTimers({ timers, usedAborter }: Recorder): Leak[] {
  const pending = [...timers].filter(([timer, { origin }]) => isPending(timer, origin))
  for (const [, { clear }] of pending) clear()
  usedAborter?.abort()
  return pending.map(([, { description, origin }]) => leak('timer', description, origin))
}

/** What serves a package in the background, and would not keep a process alive, is left to it. */
function isPending(timer: PendingTimer, origin: Origin): boolean {
  if (timer._destroyed === true || beganInNode(origin)) return false
  return timer.hasRef?.() !== false || !beganInPackage(origin)
}

/** `exit` is emitted later: until then a thread that has ended is no longer running. */
function closeWorkers({ workers }: Recorder): Leak[] {
  const running = [...workers].filter(([worker]) => isRunning(worker))
  for (const [worker] of running) {
    worker.removeAllListeners()
    worker.on('error', () => {})
    void worker.terminate()
  }
  return running.map(([, origin]) => leak('worker', 'worker thread', origin))
}

function isRunning({ threadId }: Worker): boolean {
  return threadId !== -1
}

function closeWatchedFiles({ watchedFiles }: Recorder): Leak[] {
  const watching = [...watchedFiles].filter(
    ([{ _handle }]) => _handle !== null && _handle !== undefined,
  )
  return watching.map(([, { path, origin }]) => {
    unwatchFile(path)
    return leak('watcher', `fs.watchFile ${path}`, origin)
  })
}

function closeHandles(before: ReadonlySet<object>, { unlisted }: Recorder): Leak[] {
  const begun = activeHandles().filter((handle) => !before.has(handle))
  const children = begun.filter((handle) => handle instanceof ChildProcess)
  for (const child of children) detachChild(child)
  const unlistedLeaks = [...unlisted].map((handle) => closeHandle(handle, !begun.includes(handle)))
  const listedLeaks = begun.map((handle) => closeHandle(handle, false))
  return [...listedLeaks, ...unlistedLeaks].filter((found) => found !== null)
}

function leak(kind: LeakKind, description: string, origin: Origin): Leak {
  const stack = userFrame(origin)
  return { kind, description, ...(stack === undefined ? {} : { stack }) }
}
