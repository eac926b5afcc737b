import dgram from 'node:dgram'
import { subscribe } from 'node:diagnostics_channel'
import fs from 'node:fs'
import net from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { noteUnreferenced } from './idle-connections.ts'
import { captureOrigin, type Origin } from './origin.ts'
import { record, recorders, type StatWatcher } from './recorder.ts'
import { observeMethod, type Call } from './replace.ts'

/** Where servers and watchers began. */
export const origins = new WeakMap<object, Origin>()

/**
 * Notes what `process._getActiveHandles()` does not tell: unreferenced handles, threads, names of watched files, and
 * where servers and watchers began.
 */
export function replaceMethods(): void {
  for (const { prototype } of [net.Server, net.Socket, dgram.Socket])
    observeMethod(prototype, 'unref', ({ self }) => noteHandle(self))
  observeMethod(net.Server.prototype, 'listen', ({ self, method }) => noteOrigin(self, method))
  observeMethod(dgram.Socket.prototype, 'bind', ({ self, method }) => noteOrigin(self, method))
  observeMethod(fs, 'watch', ({ result, method }) => {
    noteHandle(result as object)
    noteOrigin(result as object, method)
  })
  observeMethod(fs, 'watchFile', noteWatchedFile)
  subscribe('worker_threads', noteWorker)
}

function noteHandle(handle: object): void {
  noteUnreferenced(handle)
  record((recorder) => recorder.addUnlisted(handle))
}

function noteOrigin(handle: object, method: Call['method']): void {
  if (recorders.length > 0) origins.set(handle, captureOrigin(method))
}

function noteWatchedFile({ values: [name], result, method }: Call): void {
  if (recorders.length === 0) return
  const origin = captureOrigin(method)
  const path = name instanceof URL ? fileURLToPath(name) : resolve(String(name))
  record(({ watchedFiles }) => watchedFiles.set(result as StatWatcher, { path, origin }))
}

/** Node's own threads, such as that of `module.register`, serve the whole process. */
function noteWorker(message: unknown): void {
  const { worker } = message as { readonly worker: Worker }
  if (worker.constructor.name === 'InternalWorker' || recorders.length === 0) return
  const origin = captureOrigin(noteWorker)
  record(({ workers }) => workers.set(worker, origin))
}
