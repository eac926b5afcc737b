import type { NetnsError } from '@netns/core/runner'
import type { WorkerRequest } from 'vitest/node'
import type { Run } from '../run/run.ts'
import type { Backend, Emit } from './backend.ts'

const finishes: Partial<Record<WorkerRequest['type'], string>> = {
  start: 'started',
  run: 'testfileFinished',
  collect: 'testfileFinished',
  stop: 'stopped',
}

/**
 * Stands in for workers on a machine that cannot make sandboxes: no test runs, and the run fails with one error
 * instead of one per file.
 */
export function refused(run: Run, error: NetnsError, emit: Emit): Backend {
  if (run.claimRefusal()) fail(run, error)
  return {
    send({ type }) {
      const finished = finishes[type]
      if (!finished) return
      setImmediate(() => emit('message', { type: finished, __vitest_worker_response__: true }))
    },
    stop: async () => {},
  }
}

function fail({ vitest }: Run, error: NetnsError): void {
  // Also where `dangerouslyIgnoreUnhandledErrors` would let the run pass.
  process.exitCode = 1
  error.stack = `${error.name}: ${error.message}`
  vitest.state.catchError(error, 'Unhandled Error')
}
