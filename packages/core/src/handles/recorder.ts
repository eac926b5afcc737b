import { AsyncResource } from 'node:async_hooks'
import type { Worker } from 'node:worker_threads'
import type { Origin } from './origin.ts'

/** A timer of Node: `_destroyed` once it fired for the last time or was cleared. */
export interface PendingTimer {
  readonly _destroyed?: boolean
  hasRef?(): boolean
}

export interface RecordedTimer {
  readonly description: string
  readonly origin: Origin
  clear(): void
}

/** What `fs.watchFile` returns: its `_handle` is null once it has stopped. */
export interface StatWatcher {
  readonly _handle?: object | null
}

/** Below this size nobody looks for ended ones. */
const PRUNE_FROM = 1024

interface AsyncHandle {
  readonly _handle?: { getAsyncId?(): number } | null
}

/** What Node itself cannot list afterwards, for one scope. */
export class Recorder {
  /** Node numbers what it makes. */
  readonly #firstId = new AsyncResource('netns').asyncId()
  readonly timers = new Map<PendingTimer, RecordedTimer>()
  /** Handles that Node may not list, such as those on which `unref` was called. */
  readonly unlisted = new Set<object>()
  readonly workers = new Map<Worker, Origin>()
  readonly watchedFiles = new Map<StatWatcher, { readonly path: string; readonly origin: Origin }>()
  #aborter: AbortController | undefined
  #pruneAt = PRUNE_FROM

  /** Aborted when the scope closes. */
  get aborter(): AbortController {
    this.#aborter ??= new AbortController()
    return this.#aborter
  }

  get usedAborter(): AbortController | undefined {
    return this.#aborter
  }

  /** A handle that was there before can lose its reference now: it is no part of this scope. */
  addUnlisted(handle: object): void {
    const id = (handle as AsyncHandle)._handle?.getAsyncId?.()
    if (id === undefined || id > this.#firstId) this.unlisted.add(handle)
  }

  addTimer(timer: PendingTimer, recorded: RecordedTimer): void {
    this.timers.set(timer, recorded)
    if (this.timers.size < this.#pruneAt) return
    for (const [one] of this.timers) if (one._destroyed === true) this.timers.delete(one)
    this.#pruneAt = Math.max(PRUNE_FROM, this.timers.size * 2)
  }
}

/** Of the scopes that are open, the innermost last. */
export const recorders: Recorder[] = []

export function record(add: (recorder: Recorder) => void): void {
  for (const recorder of recorders) add(recorder)
}
