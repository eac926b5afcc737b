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
  const scope = new OpenScope()
  recorders.push(scope.recorder)
  return scope
}

/** A thread that does not end within this time makes the process unfit for another file. */
const THREAD_TIMEOUT_MS = 1000

/** Node's own, whatever a test made of them. */
const { setImmediate, setTimeout } = globalThis

class OpenScope implements HandleScope {
  readonly recorder = new Recorder()
  readonly #before = new Set(activeHandles())
  readonly #dispatchers = readDispatchers()
  #threads: readonly Promise<unknown>[] = []
  #isOpen = true

  close(except: readonly LeakKind[] = []): Leak[] {
    if (!this.#isOpen) return []
    this.#isOpen = false
    const { recorder } = this
    recorders.splice(recorders.indexOf(recorder), 1)
    const closes = (kind: LeakKind): boolean => !except.includes(kind)
    const handles = closeHandles(this.#begun(), recorder, closes)
    // After the handles: `terminate` references the port of a thread.
    const workers = closes('worker') ? runningWorkers(recorder) : []
    this.#threads = workers.map(([worker]) => endWorker(worker))
    return [
      ...(closes('timer') ? closeTimers(recorder) : []),
      ...handles,
      ...workers.map(([, origin]) => leak('worker', 'worker thread', origin)),
      ...(closes('watcher') ? closeWatchedFiles(recorder) : []),
      ...(restoreDispatchers(this.#dispatchers) ? [] : [dispatcherLeak]),
    ]
  }

  async settled(): Promise<string[]> {
    if (this.#threads.length > 0) {
      const late = new Promise((resolve) => setTimeout(resolve, THREAD_TIMEOUT_MS).unref())
      await Promise.race([Promise.all(this.#threads), late])
    }
    // libuv closes handles after immediates.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
    return this.#begun().map((handle) => handle.constructor.name)
  }

  #begun(): object[] {
    return activeHandles().filter((handle) => !this.#before.has(handle))
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

function runningWorkers({ workers }: Recorder): (readonly [Worker, Origin])[] {
  return [...workers].filter(([{ threadId }]) => threadId !== -1)
}

function endWorker(worker: Worker): Promise<unknown> {
  worker.removeAllListeners()
  worker.on('error', () => {})
  return worker.terminate()
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

function closeHandles(
  begun: readonly object[],
  { unlisted }: Recorder,
  closes: (kind: LeakKind) => boolean,
): Leak[] {
  for (const handle of begun) if (handle instanceof ChildProcess) detachChild(handle)
  const others = [...unlisted].filter((handle) => !begun.includes(handle))
  return [
    ...others.map((handle) => closeHandle(handle, true, closes)),
    ...begun.map((handle) => closeHandle(handle, false, closes)),
  ].filter((found) => found !== null)
}

function leak(kind: LeakKind, description: string, origin: Origin): Leak {
  const stack = userFrame(origin)
  return { kind, description, ...(stack === undefined ? {} : { stack }) }
}
