import process from 'node:process'
import { WORKER_VARIABLE, type WorkerSetup } from '../protocol.ts'

/** What the runner says about this process; `undefined` where another runner started it. */
export const workerSetup = takeSetup()

/** The variable is gone before a test could see it. */
function takeSetup(): WorkerSetup | undefined {
  const text = process.env[WORKER_VARIABLE]
  delete process.env[WORKER_VARIABLE]
  if (text === undefined) return undefined
  return JSON.parse(text) as WorkerSetup
}
