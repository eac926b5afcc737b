import {
  endLeftOver,
  setWorkerPlace,
  takeControl,
  type IsolateEnd,
  type TestOwner,
} from '@netns/core/worker'
import type { CircusEvent } from '../jest.ts'
import { workerSetup } from './worker-setup.ts'

let owner: TestOwner | undefined

/** Tells `isolate()` where this process is. */
export function takePlace(onEnd: (end: IsolateEnd) => void): void {
  if (!workerSetup) return
  const { projectRoot, sharesNetwork, written } = workerSetup
  const globs = (written['fs'] as { keep?: string[] } | undefined)?.keep ?? []
  setWorkerPlace({
    control: takeControl(),
    projectRoot,
    sharesNetwork,
    keep: globs.length > 0 ? { projectRoot, globs } : null,
    owner: () => owner,
    onEnd,
    state: new Map(),
  })
}

/** No test runs in what another one left open. */
export function noteTest({ name, test }: CircusEvent): void {
  if (name === 'test_start' && test) owner = ownerOf(test)
  if (name !== 'test_done') return
  owner = undefined
  endLeftOver()
}

function ownerOf(test: NonNullable<CircusEvent['test']>): TestOwner {
  return { test, name: test.name, isOver: () => owner?.test !== test }
}
