import process from 'node:process'
import { WORKER_VARIABLE, type WorkerSetup } from '../protocol.ts'

/** What the runner says about this process; `undefined` where another runner started it. */
export const workerSetup = takeSetup()

/** The variables are gone before a test could see them. */
function takeSetup(): WorkerSetup | undefined {
  const text = process.env[WORKER_VARIABLE]
  delete process.env[WORKER_VARIABLE]
  if (text === undefined) return undefined
  const setup = JSON.parse(text) as WorkerSetup
  if (setup.hidesCompileCache) delete process.env['NODE_COMPILE_CACHE']
  return setup
}
