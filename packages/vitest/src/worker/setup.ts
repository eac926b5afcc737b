import { WORKER_VARIABLE, type WorkerSetup } from '../channel/protocol.ts'

/** What the pool tells the worker. No test sees the variable that brings it. */
export function takeSetup(): WorkerSetup {
  const text = process.env[WORKER_VARIABLE]
  delete process.env[WORKER_VARIABLE]
  if (text === undefined) refuseToStart()
  return JSON.parse(text) as WorkerSetup
}

export function refuseToStart(): never {
  throw new Error('vitest-environment-netns: only its own pool can start this file')
}
