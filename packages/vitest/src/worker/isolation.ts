import { endLeftOver, type IsolateOptions } from '@netns/core/worker'
import type { WorkerGlobalState } from 'vitest'
import { PER_TEST_KEY } from '../names.ts'
import { ownFile } from '../own-files.ts'
import { watchCurrentTest } from './current-test.ts'

/** Before Vitest runs files with this state: `perTest`, and no test runs in what another one left open. */
export function prepareIsolation(state: WorkerGlobalState, perTest: IsolateOptions | null): void {
  watchCurrentTest(state, endLeftOver)
  if (!perTest) return
  Reflect.set(globalThis, PER_TEST_KEY, perTest)
  const { config } = state
  const setupFile = ownFile('per-test.js')
  if (!config.setupFiles.includes(setupFile)) config.setupFiles = [setupFile, ...config.setupFiles]
}
